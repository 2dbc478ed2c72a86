#include "app/try/trial_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "model/aggregate.h"
#include "model/column_value.h"
#include "views/terminal/terminal_text.h"

namespace quern::app {
namespace {

using view::Ink;
using view::inked;

// Without a terminal, a line is cut after as many columns.
constexpr std::size_t kMostColumns = 2000;
constexpr std::size_t kMostShownPairs = 20;
constexpr std::size_t kMostShownLines = 100;

}  // namespace

std::string TrialText::fitted(std::string line) const {
  return view::fit(line, options_.columns == 0 ? kMostColumns : options_.columns);
}

std::string TrialText::record(std::string_view input, std::uint64_t line, std::string_view record) const {
  const std::string place = view::clean(fmt::format("{}:{}", input, line));
  const std::string text = fitted(place + "  " + view::clean(record));
  if (text.size() <= place.size()) return text + "\n";
  return inked(place, Ink::kBold, options_.color) + text.substr(place.size()) + "\n";
}

std::string TrialText::printed(const event::ModuleLine& line) const {
  const std::string who = line.role == event::Role::kMapper ? "" : fmt::format("{}: ", name_of(line.role));
  return inked("  | " + who + view::clean(line.line), Ink::kDim, options_.color) + "\n";
}

std::string TrialText::pair(std::string_view key, std::string_view value) const {
  if (options_.columns_of_pairs.empty()) return fmt::format("{}{}{}", key, options_.separator, value);
  const std::string group = shown_group(key, "\t");
  const std::size_t column = column_of(value);
  if (column >= options_.columns_of_pairs.size()) return group;
  std::string shown;
  append_shown(value.substr(1), kLineFeedInText, shown);
  const LabelledNumber rest = split_label(shown);
  return fmt::format("{}{}{}{}{}{}{}", group, group.empty() ? "" : "\t", options_.columns_of_pairs[column],
                     rest.number.empty() ? "" : " = ", rest.number, rest.label.empty() ? "" : " with ", rest.label);
}

std::vector<std::string> TrialText::split(std::string_view output) const {
  std::vector<std::string> shown;
  const std::vector<std::string_view> lines = lines_of(output);
  if (!options_.has_pairs) {
    shown.assign(lines.begin(), lines.end());
    return shown;
  }
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    std::string_view rest = lines[i + 1];
    do {
      const std::string_view value =
          options_.columns_of_pairs.empty() ? std::exchange(rest, {}) : take_column_value(rest);
      shown.push_back(pair(lines[i], value));
    } while (!rest.empty());
  }
  return shown;
}

std::string TrialText::outcome(const std::vector<std::string>& gave) const {
  if (gave.empty()) return inked("  -> nothing", Ink::kDim, options_.color) + "\n";
  std::string text;
  for (std::size_t i = 0; i < std::min(gave.size(), kMostShownPairs); ++i) {
    text += fitted("  -> " + view::clean(gave[i])) + "\n";
  }
  if (gave.size() > kMostShownPairs) {
    text += fmt::format("  -> and {} more\n", view::format_count(gave.size() - kMostShownPairs));
  }
  return text;
}

std::string TrialText::bad(std::string_view reason, std::string_view details) const {
  std::string text = inked("  bad: " + view::clean(reason), Ink::kRed, options_.color) + "\n";
  for (std::string_view line : lines_of(details)) text += "       " + view::clean(line) + "\n";
  return text;
}

std::string TrialText::result(std::string_view of, std::string_view lines) const {
  const std::vector<std::string_view> all = lines_of(lines);
  std::string text = "\n" +
                     inked(fmt::format("result of {} ({})", view::clean(of), view::format_count(all.size(), "line")),
                           Ink::kBold, options_.color) +
                     "\n";
  for (std::size_t i = 0; i < std::min(all.size(), kMostShownLines); ++i) text += fitted(view::clean(all[i])) + "\n";
  if (all.size() > kMostShownLines) {
    text += fmt::format("and {} more\n", view::format_count(all.size() - kMostShownLines, "line"));
  }
  return text;
}

}  // namespace quern::app
