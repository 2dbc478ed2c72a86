#include "app/cli/one_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "job_file/job_file_worker.h"
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
  const std::vector<std::string> names = aggregation_names(AggregatedBy::kReducer);
  const bool is_number_after =
      text.find_first_not_of("0123456789.", text.starts_with("top:") ? 4 : 1) == std::string_view::npos;
  return std::find(names.begin(), names.end(), text) != names.end() ||
         (is_number_after && text.size() > 1 && (text.starts_with("top:") || text.front() == 'p'));
}

// Python's and JavaScript's names; an expression that is only a name is a slip, unless it is one that it may use.
bool is_bare_name(std::string_view text) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  auto is_part = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), is_part);
}

Result<void> check_reduce(const OneLine& line) {
  if (!line.reduce.has_value()) return {};
  if (!line.aggregates.empty()) {
    return bad_config(
        fmt::format("--reduce and --{} are two reducers; keep one of them", line.aggregates.front().first));
  }
  if (!line.map.has_value() && line.keys.empty()) return bad_config("--reduce needs --key or --map");
  if (!is_bare_name(*line.reduce) || is_builtin_reducer(*line.reduce) || *line.reduce == "key" ||
      *line.reduce == "values") {
    return {};
  }
  return bad_config(
      fmt::format("--reduce {} is not a built-in reducer; they are {}, or write an expression of key and "
                  "values, such as 'max(values)'",
                  *line.reduce, fmt::join(aggregation_names(AggregatedBy::kReducer), ", ")));
}

Result<void> check(const OneLine& line) {
  auto refused = [](std::string why) { return bad_config(std::move(why)); };
  if (line.values.size() > 1) return refused("--value is given twice; a pair has one value");
  if (!line.values.empty() && line.keys.empty()) return refused("--value needs --key: the two make a pair");
  if (line.map.has_value() && !(line.keys.empty() && line.values.empty())) {
    return refused("--map makes the key and the value itself; leave out --key and --value");
  }
  if (!line.aggregates.empty() && !line.values.empty()) {
    return refused(
        fmt::format("--value is not needed with --{}, which names what it aggregates", line.aggregates.front().first));
  }
  const auto other = std::find_if(line.aggregates.begin(), line.aggregates.end(),
                                  [](const auto& aggregate) { return aggregate.first != "count"; });
  if (line.map.has_value() && other != line.aggregates.end()) {
    return refused(
        fmt::format("--{0} aggregates a part of the records; for the values of --map, say --reduce {0}", other->first));
  }
  if (line.is_javascript && !line.map.has_value() && !line.reduce.has_value()) {
    return refused("--js needs --map or --reduce");
  }
  return check_reduce(line);
}

std::string aggregate_text(const OneLine& line) {
  std::vector<std::string> columns;
  for (const auto& [name, path] : line.aggregates) {
    std::string column = path.empty() ? name : fmt::format("{} {}", name, trimmed(path, " "));
    std::string entry = fmt::format("{0}: {0}", in_yaml(column));
    if (std::find(columns.begin(), columns.end(), entry) == columns.end()) columns.push_back(std::move(entry));
  }
  std::string group = line.keys.empty() ? "" : fmt::format("group: {}\n", list_in_yaml(line.keys));
  return columns.empty() ? group : fmt::format("{}aggregate: {{{}}}\n", group, fmt::join(columns, ", "));
}

std::string workers_text(const OneLine& line) {
  const std::string_view language = line.is_javascript ? "javascript" : "python";
  auto function = [language](std::string_view role, std::string_view expression) {
    return fmt::format("{}: {{language: {}, expression: {}}}\n", role, language, in_yaml(expression));
  };
  std::string text;
  if (line.map.has_value()) {
    text = function("mapper", *line.map);
  } else {
    const std::string value = line.values.empty() ? "1" : job_file::show_path(line.values.front());
    text = fmt::format("mapper: {{builtin: pairs, key: {}, value: {}}}\n", list_in_yaml(line.keys), value);
  }
  if (!line.aggregates.empty()) return text + "reducer: {builtin: count}\n";
  if (!line.reduce.has_value()) return text;
  if (is_builtin_reducer(*line.reduce)) return text + fmt::format("reducer: {{builtin: {}}}\n", in_yaml(*line.reduce));
  return text + function("reducer", *line.reduce) + "typed: yes\n";
}

}  // namespace

Result<std::string> job_text_of(const OneLine& line) {
  TRY(check(line));
  std::string text = line.makes_pairs() ? workers_text(line) : aggregate_text(line);
  if (!line.inputs.empty()) text += fmt::format("inputs: {}\n", list_in_yaml(line.inputs));
  return text + "separator: \"\\t\"\noutput: \"-\"\n";
}

}  // namespace quern::app
