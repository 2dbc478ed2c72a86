#include "app/task/task_environment.h"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/environment.h"
#include "model/limits.h"

namespace quern::app {
namespace {

// The most runs of one task, as counted by the queue.
constexpr std::size_t kMaxTaskRuns = 1000;

std::vector<std::string> split_at_blanks(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
    if (text.empty()) return words;
    std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
    words.emplace_back(word);
    text.remove_prefix(word.size());
  }
}

// Returns nothing if the variable is not set.
Result<std::optional<std::size_t>> number(const EnvironmentLookup& lookup, const char* name, std::size_t most) {
  const std::string text(variable_value(lookup, name));
  if (text.empty()) return std::optional<std::size_t>();
  std::size_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size() && value <= most) return std::optional(value);
  return bad_config(fmt::format("{} is '{}'; it must be a number from 0 to {}", name, text, most));
}

}  // namespace

Result<std::optional<TaskEnvironment>> read_task_environment(const EnvironmentLookup& lookup) {
  TaskEnvironment found;
  found.artifacts = variable_value(lookup, "QUERN_ARTIFACTS");
  if (found.artifacts.empty()) return std::optional<TaskEnvironment>();
  found.pack = variable_value(lookup, "QUERN_JOB");
  found.artifact_prefix = variable_value(lookup, "QUERN_ARTIFACT_PREFIX");
  found.input_task_ids = split_at_blanks(variable_value(lookup, "INPUT_TASK_IDS"));
  found.task_id = variable_value(lookup, "TASK_ID");
  TRY_ASSIGN(found.partition, number(lookup, "QUERN_PARTITION", limits::kMaxReducers - 1));
  TRY_ASSIGN(auto is_final, number(lookup, "QUERN_FINAL", 1));
  found.is_final = is_final == std::size_t{1};
  TRY_ASSIGN(auto run_id, number(lookup, "RUN_ID", kMaxTaskRuns));
  if (run_id.has_value()) found.run_id = static_cast<int>(*run_id);
  return std::optional(std::move(found));
}

}  // namespace quern::app
