#include "app/cli/setting_help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "app/cli/command_line_table.h"
#include "app/cli/console.h"
#include "base/text.h"
#include "job_file/job_file.h"
#include "job_file/job_file_settings.h"

// The page has a table row for each setting, with the cells name, values, default and text, and below a heading the
// line of a job file that is an example of it. A test checks that every setting has both.

namespace quern::app {
namespace {

constexpr std::string_view kExamplesHeading = "\n## Every setting once\n";
constexpr std::size_t kValueColumn = 16;

struct PageRow {
  std::string values;
  std::string initial;
  std::string text;
};

// Returns the target of a link as a reader of the text can follow it: " (modules.md)"; "" if the text of the link names
// it.
std::string shown_target(std::string_view label, std::string_view target) {
  const std::string_view page = target.substr(0, target.find('#'));
  return label == page ? "" : fmt::format(" ({})", page);
}

// Removes the marks of Markdown: those of code and links. What is in code stays as it is.
std::string without_marks(std::string_view text) {
  std::string plain;
  bool is_code = false;
  while (!text.empty()) {
    const std::size_t middle = text.find("](");
    const std::size_t end = text.find(')');
    if (!is_code && text[0] == '[' && middle != std::string_view::npos && middle < end &&
        end != std::string_view::npos) {
      const std::string label = without_marks(text.substr(1, middle - 1));
      const std::string_view target = text.substr(middle + 2, end - middle - 2);
      // A link within the page is named by its heading.
      plain += target.starts_with('#') ? fmt::format("\"{}\" in docs/job-file.md", label)
                                       : label + shown_target(label, target);
      text.remove_prefix(end + 1);
      continue;
    }
    if (text[0] == '`') {
      is_code = !is_code;
    } else {
      plain += text[0];
    }
    text.remove_prefix(1);
  }
  return plain;
}

using Cells = std::vector<std::string>;

Cells cells_of(std::string_view line) {
  Cells cells;
  for (line.remove_prefix(1); !line.empty(); line.remove_prefix(std::min(line.find('|') + 1, line.size()))) {
    cells.emplace_back(trimmed(line.substr(0, line.find('|')), " "));
  }
  return cells;
}

// Calls `take` with the head and the cells of each row of the page's tables.
template <typename Take>
void for_each_row(const Take& take) {
  Cells head;
  for (std::string_view line : lines_of(job_file_page())) {
    line = trimmed(line, " ");
    if (!line.starts_with('|')) {
      head.clear();
    } else if (head.empty()) {
      head = cells_of(line);
    } else if (line.starts_with("| `")) {
      take(head, cells_of(line));
    }
  }
}

std::optional<PageRow> row_of(std::string_view name) {
  const std::string quoted = fmt::format("`{}`", name);
  std::optional<PageRow> found;
  for_each_row([&](const Cells& /*head*/, const Cells& cells) {
    if (found.has_value() || cells.size() != 4 || cells[0].find(quoted) == std::string::npos) return;
    found =
        PageRow{.values = without_marks(cells[1]), .initial = without_marks(cells[2]), .text = without_marks(cells[3])};
  });
  return found;
}

// The value in the example of a setting: "4GiB".
std::optional<std::string> example_of(std::string_view name) {
  const std::string_view page = job_file_page();
  const std::string start = fmt::format("{}: ", name);
  for (std::string_view line : lines_of(page.substr(std::min(page.find(kExamplesHeading), page.size())))) {
    if (line.starts_with(start)) return std::string(line.substr(start.size()));
  }
  return std::nullopt;
}

// The page says what combiner and reducer have in common with mapper only there: "mapper.script" for "reducer.script".
std::string mapper_key_of(std::string_view name) {
  const std::size_t dot = std::min(name.find('.'), name.size());
  return job_file::is_worker(name.substr(0, dot)) ? fmt::format("mapper{}", name.substr(dot)) : std::string(name);
}

// Replaces "mapper" by the worker that a setting belongs to: "reducer.py" for "mapper.py".
std::string for_worker_of(std::string_view name, std::string text) {
  constexpr std::string_view kMapper = "mapper";
  const std::string_view worker = name.substr(0, name.find('.'));
  if (const std::size_t at = text.find(kMapper); at != std::string::npos) text.replace(at, kMapper.size(), worker);
  return text;
}

std::string labelled(std::string_view label, std::string_view text) {
  return fmt::format("  {:<{}}{}\n", fmt::format("{}:", label), kValueColumn - 2, text);
}

std::string section_help(const std::string& section) {
  std::string text = fmt::format("The settings of {}, and their defaults:\n", section);
  for (const std::string& name : setting_names()) {
    if (!name.starts_with(section + ".")) continue;
    std::optional<PageRow> row = row_of(name);
    if (!row.has_value()) row = row_of(mapper_key_of(name));
    text += fmt::format("  {:<29}{}\n", name, row.has_value() ? row->initial : "");
  }
  return text + "\nquern help SETTING says what one of them does.\n";
}

// Tables of words, by their first head: the word without its plural is a topic, too.
constexpr std::array<std::string_view, 3> kWordTables = {"aggregation", "format", "interface"};

bool has_words(const Cells& head) {
  return std::find(kWordTables.begin(), kWordTables.end(), head.front()) != kWordTables.end();
}

// What the first cell of a table of words has in code, without what follows a word: "top:N" for `top:N PATH with
// LABEL`.
std::vector<std::string> words_in(std::string_view cell) {
  std::vector<std::string> words;
  for (std::size_t start = cell.find('`'); start != std::string_view::npos; start = cell.find('`')) {
    cell.remove_prefix(start + 1);
    const std::string_view code = cell.substr(0, cell.find('`'));
    words.emplace_back(trimmed(code.substr(0, code.find_first_of(" …")), "{:"));
    cell.remove_prefix(std::min(code.size() + 1, cell.size()));
  }
  return words;
}

// Whether a word of a table is meant; N in it stands for a number: pN for p95, top:N for top:10 and for top.
bool is_meant(std::string_view word, std::string_view asked) {
  if (word == asked) return true;
  if (!word.ends_with('N')) return false;
  word.remove_suffix(1);
  return asked == trimmed(word, ":") ||
         (asked.starts_with(word) && asked.find_first_not_of("0123456789.", word.size()) == std::string_view::npos);
}

// "csv, tsv: an input is a table, with , or TAB between columns; a record is a map from ..."
std::string shown_row(const Cells& head, const Cells& cells) {
  std::string text = without_marks(cells[0]) + ":";
  for (std::size_t i = 1; i < cells.size(); ++i) {
    text += fmt::format("{} {}{}", i == 1 ? "" : ";", cells.size() > 2 ? head[i] + " " : "", without_marks(cells[i]));
  }
  return text;
}

// Returns the settings whose values include one of the words, or are of the kind: "record" for csv.
std::vector<std::string> settings_with(const std::vector<std::string>& words, std::string_view kind) {
  std::vector<std::string> settings;
  for_each_row([&](const Cells& /*head*/, const Cells& cells) {
    if (cells.size() != 4) return;
    const std::vector<std::string> values = words_in(cells[1]);
    const bool has_word = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return std::any_of(values.begin(), values.end(),
                         [&](const std::string& value) { return is_meant(value, word) || is_meant(word, value); });
    });
    if (!has_word && (kind.empty() || cells[1].find(kind) == std::string::npos)) return;
    for (std::string& name : words_in(cells[0])) settings.push_back(std::move(name));
  });
  return settings;
}

// What the page says about a word that is not a setting, such as an aggregation or a format, or about all of a kind.
std::string word_help(const std::string& asked) {
  std::string text;
  std::string kind;
  std::vector<std::string> words = {asked};
  for_each_row([&](const Cells& head, const Cells& cells) {
    if (!has_words(head)) return;
    const std::vector<std::string> found = words_in(cells[0]);
    const bool is_whole = asked == head[0] || asked == head[0] + "s";
    if (!is_whole && std::none_of(found.begin(), found.end(), [&](const auto& one) { return is_meant(one, asked); })) {
      return;
    }
    kind = head[0];
    if (is_whole && words.size() == 1) words.insert(words.end(), found.begin(), found.end());
    text += wrapped(shown_row(head, cells), 2, 0) + "\n";
  });
  const std::vector<std::string> settings = settings_with(words, kind);
  if (settings.empty()) return text;
  return text + (text.empty() ? fmt::format("{} is a value of settings.\n", asked) : "") + "\n" +
         wrapped(fmt::format("Settings that take it: {}. quern help SETTING says what one of them does.",
                             fmt::join(settings, ", ")),
                 0, 0) +
         "\n";
}

}  // namespace

std::vector<std::string> words_with_help() {
  std::vector<std::string> words;
  for_each_row([&](const Cells& head, const Cells& cells) {
    if (!has_words(head)) return;
    for (std::string& word : words_in(cells[0])) {
      if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
    }
  });
  for (std::string_view kind : kWordTables) words.push_back(fmt::format("{}s", kind));
  return words;
}

std::optional<std::string> setting_help(std::string_view asked) {
  std::string name(asked);
  if (job_file::is_short_key(name)) name = "mapper." + name;
  if (const std::string map = job_file::free_map_of(name); !map.empty()) name = map;
  if (job_file::is_section(name)) return section_help(name);
  if (!job_file::shape_of(name).has_value()) {
    std::string words = word_help(name);
    return words.empty() ? std::nullopt : std::optional(std::move(words));
  }
  std::optional<PageRow> row = row_of(name);
  std::optional<std::string> example = example_of(name);
  if (!row.has_value()) {
    row = row_of(mapper_key_of(name));
    if (!example.has_value()) example = example_of(mapper_key_of(name));
    if (example.has_value()) example = for_worker_of(name, *example);
  }
  CHECK(row.has_value());
  std::string text = wrapped(fmt::format("{}: {}", name, row->text), 2, 0) + "\n\n";
  text += labelled("Values", wrapped(row->values, kValueColumn, kValueColumn)) + labelled("Default", row->initial);
  if (example.has_value()) {
    text += labelled("Job file", fmt::format("{}: {}", name, *example));
    text += labelled("Command line", fmt::format("--set {}", shell_word(fmt::format("{}={}", name, *example))));
    text += labelled("Environment", fmt::format("{}={}", job_file::variable_of(name), shell_word(*example)));
  }
  // `first` is an aggregation, too.
  const std::vector<std::string> words = words_with_help();
  if (std::find(words.begin(), words.end(), name) != words.end()) text += "\n" + word_help(name);
  return text + "\n" +
         wrapped(fmt::format("quern check JOB shows its value in a job; {}job-file.md describes all settings.",
                             docs_folder()),
                 0, 0) +
         "\n";
}

}  // namespace quern::app
