#include "app/cli/one_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "model/aggregate.h"

namespace quern::app {
namespace {

// As JSON, which is YAML as well.
std::string in_yaml(std::string_view text) {
  std::string target;
  append_json_string(target, text);
  return target;
}

std::string list_in_yaml(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(in_yaml(text));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

// What no expression would be: sum, p95, top:10.
bool is_builtin_reducer(std::string_view text) {
  const std::vector<std::string> names = aggregation_names(false);
  const bool is_number_after =
      text.find_first_not_of("0123456789.", text.starts_with("top:") ? 4 : 1) == std::string_view::npos;
  return std::find(names.begin(), names.end(), text) != names.end() ||
         (is_number_after && text.size() > 1 && (text.starts_with("top:") || text.front() == 'p'));
}

Result<void> check(const OneLine& line) {
  const bool has_map = !line.map.empty();
  auto refused = [](std::string_view why) { return bad_config(std::string(why)); };
  if (line.values.size() > 1) return refused("--value is given twice; a pair has one value");
  if (!line.values.empty() && line.keys.empty()) return refused("--value needs --key: the two make a pair");
  if (has_map && !(line.keys.empty() && line.values.empty())) {
    return refused("--map makes the key and the value itself; leave out --key and --value");
  }
  if (!line.aggregates.empty() && !line.reduce.empty()) {
    return refused("--reduce is next to --" + line.aggregates.front().first + "; keep one of the two");
  }
  if (!line.aggregates.empty() && !line.values.empty()) {
    return refused(fmt::format("--value is next to --{0}, which names what it aggregates; leave out --value",
                               line.aggregates.front().first));
  }
  const bool is_count_of_map = line.aggregates.size() == 1 && line.aggregates.front().first == "count";
  if (has_map && !line.aggregates.empty() && !is_count_of_map) {
    return refused(fmt::format(
        "--{0} aggregates a part of the records; for the values of --map, say --reduce {0}",
        line.aggregates.front().first == "count" ? line.aggregates.back().first : line.aggregates.front().first));
  }
  if (!line.reduce.empty() && !has_map && line.keys.empty()) return refused("--reduce needs --key or --map");
  return {};
}

std::string aggregate_text(const OneLine& line) {
  std::vector<std::string> columns;
  for (const auto& [name, path] : line.aggregates) {
    std::string column = path.empty() ? name : name + " " + path;
    std::string entry = fmt::format("{0}: {0}", in_yaml(column));
    if (std::find(columns.begin(), columns.end(), entry) == columns.end()) columns.push_back(std::move(entry));
  }
  std::string group = line.keys.empty() ? "" : fmt::format("group: {}\n", list_in_yaml(line.keys));
  return fmt::format("{}aggregate: {{{}}}\n", group, fmt::join(columns, ", "));
}

std::string workers_text(const OneLine& line) {
  const std::string_view language = line.is_javascript ? "javascript" : "python";
  auto function = [language](std::string_view role, std::string_view expression) {
    return fmt::format("{}: {{language: {}, expression: {}}}\n", role, language, in_yaml(expression));
  };
  std::string text;
  if (!line.map.empty()) {
    text = function("mapper", line.map);
  } else {
    // Brackets and quotes show that text in quotes is a path.
    const std::string value = line.values.empty() ? "1" : in_yaml(line.values.front());
    const bool needs_no_quotes = !line.values.empty() && value == '"' + line.values.front() + '"' &&
                                 line.values.front().find_first_of(" :#,{}&*!|>%@`") == std::string::npos;
    text = fmt::format("mapper: {{builtin: pairs, key: {}, value: {}}}\n", list_in_yaml(line.keys),
                       needs_no_quotes ? line.values.front() : value);
  }
  if (!line.aggregates.empty()) return text + "reducer: {builtin: count}\n";
  if (line.reduce.empty()) return text;
  if (is_builtin_reducer(line.reduce)) return text + fmt::format("reducer: {{builtin: {}}}\n", in_yaml(line.reduce));
  return text + function("reducer", line.reduce) + "typed: yes\n";
}

}  // namespace

Result<std::string> job_text_of(const OneLine& line) {
  TRY(check(line));
  std::string text = line.aggregates.empty() || !line.map.empty() ? workers_text(line) : aggregate_text(line);
  if (!line.inputs.empty()) text += fmt::format("inputs: {}\n", list_in_yaml(line.inputs));
  return text + "separator: \"\\t\"\noutput: \"-\"\n";
}

}  // namespace quern::app
