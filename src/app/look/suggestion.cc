#include "app/look/suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "base/utf8.h"
#include "job_file/job_file_values.h"
#include "services/json/path.h"

namespace quern::app {
namespace {

using json::ProfiledPath;
using json::ValueType;

// With more distinct values than this, a result is too long to be read.
constexpr std::uint64_t kFewValues = 100;
// Inputs that are listed in a job; more of them are better named by a pattern.
constexpr std::size_t kListedInputs = 8;

std::uint64_t numbers_of(const ProfiledPath& path) {
  return path.count(ValueType::kInteger) + path.count(ValueType::kNumber);
}

// Whether all values that are not null are of types that `count` counts.
template <typename Count>
bool has_only(const ProfiledPath& path, const Count& count) {
  const std::uint64_t wanted = count(path);
  return wanted > 0 && wanted + path.count(ValueType::kNull) == path.values;
}

double rarity(const ProfiledPath& path, std::uint64_t records) {
  return 1.0 - static_cast<double>(path.records) / static_cast<double>(std::max<std::uint64_t>(records, 1));
}

// The lower, the better; infinite if the path cannot be a key.
double cost_of_key(const ProfiledPath& path, std::uint64_t records) {
  auto texts = [](const ProfiledPath& one) { return one.count(ValueType::kString) + one.count(ValueType::kInteger); };
  // A key is part of a line.
  const bool may_have_lines = std::any_of(path.examples.begin(), path.examples.end(), [](const std::string& example) {
    return example.find('\n') != std::string::npos;
  });
  if (!has_only(path, texts) || may_have_lines) return std::numeric_limits<double>::infinity();
  double cost = 0.1 * static_cast<double>(path.path.size()) + 4 * rarity(path, records);
  if (json::has_every(path.path)) cost += 4;
  if (path.count(ValueType::kInteger) > 0) cost += 2;
  if (path.distinct < 2) cost += 3;
  if (path.distinct > kFewValues || path.has_more) cost += 5;
  if (path.distinct * 2 > path.values) cost += 6;
  return cost;
}

// Numbers that are all different may be ids, and those that are all the same say little.
double cost_of_number(const ProfiledPath& path, std::uint64_t records) {
  // A pair has one value.
  if (!has_only(path, numbers_of) || json::has_every(path.path)) return std::numeric_limits<double>::infinity();
  double cost = 0.1 * static_cast<double>(path.path.size()) + 4 * rarity(path, records);
  if (path.count(ValueType::kNumber) == 0) cost += 0.5;
  if (path.distinct < 2) cost += 2;
  if (path.distinct == path.values) cost += 1;
  return cost;
}

template <typename CostOf>
const ProfiledPath* cheapest(const std::vector<ProfiledPath>& paths, const CostOf& cost_of) {
  const ProfiledPath* found = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const ProfiledPath& path : paths) {
    // A job file is UTF-8, but the columns of a table may have names that are not.
    if (path.path.empty() || !utf8::is_valid(path.text)) continue;
    const double cost = cost_of(path);
    if (cost >= least) continue;
    least = cost;
    found = &path;
  }
  return found;
}

// Quoted text would be a constant, unless it has quotes or brackets itself.
std::string value_setting(const ProfiledPath& path) {
  const std::string text = job_file::yaml_text(path.text);
  if (text == path.text || path.text.find_first_of("[]\"'") != std::string::npos) return text;
  const std::string& first = path.path.front().name;
  std::string quoted = "\"";
  for (char letter : first) {
    if (letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return job_file::yaml_text(quoted + '"' + path.text.substr(first.size()));
}

std::string inputs_line(const std::vector<std::string>& inputs) {
  if (inputs.empty()) return "";
  const auto listed = static_cast<std::ptrdiff_t>(std::min(inputs.size(), kListedInputs));
  const std::string list = job_file::yaml_list(std::vector<std::string>(inputs.begin(), inputs.begin() + listed));
  if (inputs.size() <= kListedInputs) return fmt::format("inputs: {}\n", list);
  return fmt::format("inputs: {}  # and {} more: a pattern in quotes names them all\n", list,
                     inputs.size() - kListedInputs);
}

}  // namespace

Suggestion suggest(const std::vector<json::ProfiledPath>& paths, std::uint64_t records, bool plain) {
  auto is_left_out = [&](const ProfiledPath& path) { return plain && json::has_every(path.path); };
  constexpr double kNever = std::numeric_limits<double>::infinity();
  Suggestion suggestion;
  suggestion.key = cheapest(
      paths, [&](const ProfiledPath& path) { return is_left_out(path) ? kNever : cost_of_key(path, records); });
  suggestion.number = cheapest(paths, [&](const ProfiledPath& path) {
    return is_left_out(path) || &path == suggestion.key ? kNever : cost_of_number(path, records);
  });
  return suggestion;
}

std::string job_lines(const Format& format, const Suggestion& suggestion, const JobInputs& named) {
  std::string lines;
  if (suggestion.key != nullptr) {
    lines += fmt::format("mapper: {{builtin: pairs, key: {}, value: 1}}", job_file::yaml_text(suggestion.key->text));
    if (suggestion.number != nullptr) {
      lines += fmt::format("  # value: {} adds up its numbers", value_setting(*suggestion.number));
    }
    lines += "\nreducer: {builtin: sum}\n";
  }
  return lines + fmt::format("record: {}\n", record_setting(format)) + inputs_line(named.inputs) +
         (named.manifest.empty() ? "" : fmt::format("manifest: {}\n", job_file::yaml_text(named.manifest)));
}

std::string from_words(const JobInputs& named) {
  if (!named.manifest.empty() || named.inputs.size() > kListedInputs) return "";
  std::string words;
  for (const std::string& input : named.inputs) words += " " + shell_word(input);
  return words;
}

}  // namespace quern::app
