#include "app/own_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "app/first_job.h"
#include "app/look/suggestion.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "job_file/job_file_values.h"
#include "services/json/json_reader.h"
#include "services/json/value_text.h"
#include "services/json/walk_plan.h"

namespace quern::app {
namespace {

using json::ProfiledPath;

constexpr std::size_t kExampleLineBytes = 200;

// A string as Python and JavaScript write it alike. `text` is UTF-8.
std::string literal(std::string_view text, char quote) {
  std::string written(1, quote);
  for (char letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) {
      written += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
      continue;
    }
    if (letter == quote || letter == '\\') written += '\\';
    written += letter;
  }
  return written + quote;
}

std::string names_of(const ProfiledPath& path) {
  std::string names;
  for (const json::PathStep& step : path.path) names += (names.empty() ? "" : ", ") + literal(step.name, '"');
  return names;
}

// For sentences and comments.
std::string shown(const ProfiledPath& path) {
  auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("._-").find(c) < 3;
  };
  return std::all_of(path.text.begin(), path.text.end(), is_plain) ? path.text : literal(path.text, '\'');
}

// A record reduced to the fields, and the values that the mapper finds there, as the language writes them.
struct Example {
  std::string record;
  std::string group;
  std::string value = "1";
  std::string group_text;  // without quotes
};

// Numbers in JSON are numbers in both languages; the fields of a table are texts.
std::string value_of(std::string_view raw) {
  if (!raw.starts_with('"')) return std::string(raw);
  std::string text;
  json::append_text(raw, text);
  return literal(text, '"');
}

std::optional<Example> example_of(const Look& look, const Suggestion& suggestion) {
  std::vector<json::Path> paths = {suggestion.key->path};
  if (suggestion.number != nullptr) paths.push_back(suggestion.number->path);
  const json::Plan plan(json::Wanted{.copied = paths, .captured = paths});
  json::JsonReader reader(plan);
  Buffer copy;
  for (const std::string& record : look.examples) {
    copy.clear();
    if (!reader.read(record, copy)) continue;
    std::vector<std::string_view> found(paths.size());
    for (const json::Capture& capture : reader.captures()) found[capture.number] = capture.text;
    auto is_missing = [](std::string_view raw) { return raw.empty() || raw == "null" || raw == "\"\""; };
    if (std::any_of(found.begin(), found.end(), is_missing)) continue;
    Example example{.record = literal(copy.view(), '\''), .group = value_of(found[0])};
    json::append_text(found[0], example.group_text);
    if (found.size() > 1) example.value = value_of(found[1]);
    return example;
  }
  return std::nullopt;
}

// Fills a template: @NAME@ is replaced by its value, and a line ?WHEN|TEXT is TEXT if WHEN is true, else left out.
std::string filled(std::string_view text, const std::map<std::string_view, std::string>& values,
                   const std::set<std::string_view>& when) {
  std::string result;
  for (; !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
    std::string line(text.substr(0, text.find('\n')));
    if (line.starts_with('?')) {
      const std::size_t bar = line.find('|');
      if (!when.contains(std::string_view(line).substr(1, bar - 1))) continue;
      line.erase(0, bar + 1);
    }
    // What is filled in is not looked at again.
    for (std::size_t at = line.find('@'); at != std::string::npos;) {
      const std::size_t end = line.find('@', at + 1);
      const std::string& value = values.at(std::string_view(line).substr(at + 1, end - at - 1));
      line.replace(at, end + 1 - at, value);
      at = line.find('@', at + value.size());
    }
    result += line + "\n";
  }
  return result;
}

std::string input_list(const std::vector<std::string>& inputs) {
  std::string list;
  for (const std::string& input : inputs)
    list += fmt::format("{}  - {}", list.empty() ? "" : "\n", job_file::yaml_text(input));
  return list;
}

std::string_view what_records_are(const Format& format) {
  if (format.is_table()) return "the row: a text for each column";
  if (format.is_json()) return "the parsed JSON";
  return format.has_paths() ? "the fields of the line, by name" : "the line, as text";
}

class OwnJobMaker {
 public:
  OwnJobMaker(const Look& look, Language language, const std::vector<std::string>& inputs)
      : look_(look), is_python_(language == Language::kPython) {
    values_["LANGUAGE"] = name_of(language);
    values_["EXTENSION"] = is_python_ ? "py" : "js";
    values_["INPUTS"] = input_list(inputs);
    values_["RECORD"] = record_setting(look.format);
    values_["RECORD_IS"] = what_records_are(look.format);
  }

  OwnJob make() {
    if (!find_fields()) count_records_of_inputs();
    auto fill = [this](std::string_view text) { return filled(text, values_, when_); };
    const std::string& extension = values_["EXTENSION"];
    OwnJob job{.does = std::move(does_)};
    job.files = {
        {"analysis-tools.yml", fill(templates::own_job()), "the job file: what runs, and over which inputs"},
        {"mapper." + extension, fill(is_python_ ? templates::own_python_mapper() : templates::own_javascript_mapper()),
         "gets every record"},
        {"test_mapper." + extension, fill(is_python_ ? templates::own_python_test() : templates::own_javascript_test()),
         "tests the mapper without quern, on a record of yours"},
        {".gitignore", std::string(templates::gitignore()), "keeps results out of git"}};
    return job;
  }

 private:
  bool find_fields() {
    Suggestion suggestion = suggest(look_.paths, look_.read_records, true);
    if (suggestion.key == nullptr) return false;
    auto example = example_of(look_, suggestion);
    if (!example.has_value() && suggestion.number != nullptr) {
      // No record has both.
      suggestion.number = nullptr;
      example = example_of(look_, suggestion);
    }
    if (!example.has_value()) return false;
    const ProfiledPath& key = *suggestion.key;
    const bool has_number = suggestion.number != nullptr;
    when_ = {"key", has_number ? "number" : "one"};
    std::vector<std::string> fields = {key.text};
    if (has_number) fields.push_back(suggestion.number->text);
    values_["FIELDS"] = job_file::yaml_list(fields);
    values_["WHERE"] =
        fmt::format("{{{}: {}}}", job_file::yaml_text(key.text), job_file::yaml_text(example->group_text));
    values_["GROUP_NAME"] = shown(key);
    values_["GROUP_NAMES"] = names_of(key);
    if (has_number) values_["VALUE_NAMES"] = names_of(*suggestion.number);
    values_["IS_MISSING"] = condition(look_.format.is_json());
    values_["EXAMPLE"] = example->record;
    values_["GROUP"] = example->group;
    values_["VALUE"] = example->value;
    does_ = has_number ? fmt::format("adds up {} for each {}", shown(*suggestion.number), shown(key))
                       : fmt::format("counts the records of each {}", shown(key));
    return true;
  }

  // An empty field of a table counts as missing.
  std::string condition(bool is_json) const {
    if (is_python_) return is_json ? "group is None or value is None" : "not group or not value";
    return is_json ? "group == null || value == null" : "!group || !value";
  }

  void count_records_of_inputs() {
    when_ = {"file"};
    const bool has_line = !look_.format.is_json() && !look_.examples.empty() && utf8::is_valid(look_.examples[0]);
    const std::string_view record = has_line ? std::string_view(look_.examples[0]) : "a record";
    values_["EXAMPLE"] = literal(utf8::cut(record, kExampleLineBytes), '"');
    values_["GROUP"] = "\"a-file\"";
    values_["VALUE"] = "1";
    does_ = "counts the records of each input";
  }

  const Look& look_;
  const bool is_python_;
  std::map<std::string_view, std::string> values_;
  std::set<std::string_view> when_;
  std::string does_;
};

}  // namespace

OwnJob own_job(const Look& look, Language language, const std::vector<std::string>& inputs) {
  return OwnJobMaker(look, language, inputs).make();
}

}  // namespace quern::app
