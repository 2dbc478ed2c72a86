#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "app/plan/graph_parts.h"
#include "app/plan/plan.h"
#include "base/bytes.h"
#include "services/taskcluster/names.h"

// The JSON of one task (docs/taskcluster.md). Its keys are in a fixed order, so that the same plan yields the same
// bytes.

namespace quern::plan {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kArtifactsFolder = "artifacts";

bool is_special(char letter) {
  switch (letter) {
    case '*':
    case '?':
    case '[':
    case ']':
    case '{':
    case '}':
    case '\\':
      return true;
    default:
      return false;
  }
}

// Turns a key of S3 into a pattern that matches only this key.
std::string as_pattern(std::string_view name) {
  if (name == "-") return "\\-";  // unescaped it would mean standard input
  if (std::none_of(name.begin(), name.end(), is_special)) return std::string(name);
  std::string pattern;
  for (char letter : name) {
    if (is_special(letter)) pattern += '\\';
    pattern += letter;
  }
  return pattern;
}

// Makes the texts of one task. For a single use.
class TextMaker {
 public:
  TextMaker(const GraphParts& parts, const PlannedTask& task, PackedInputs::Reader& inputs)
      : parts_(parts), request_(parts.request), settings_(parts.request.settings), task_(task) {
    if (is_map()) read_load(inputs);
  }

  TaskTexts texts() {
    make_command();
    make_environment();
    texts_.name = fmt::format("{}: {}", parts_.job_name, task_.label);
    texts_.description = description();
    return std::move(texts_);
  }

 private:
  void read_load(PackedInputs::Reader& reader) {
    const Load& load = parts_.loads[task_.load];
    reader.seek(load.first);
    inputs_.reserve(load.count);
    for (std::size_t i = 0; i < load.count; ++i) {
      const InputView& input = *reader.next();
      if (i == 0) first_input_ = input.name;
      inputs_.push_back(input.url.starts_with("s3://") ? as_pattern(input.name) : std::string(input.url));
    }
  }

  bool is_map() const { return task_.kind == TaskKind::kMap; }

  std::string description() const {
    if (is_map()) {
      const Load& load = parts_.loads[task_.load];
      return fmt::format("Maps {} of {} inputs of the job {} ({}), from {} on.", load.count, request_.inputs.size(),
                         parts_.job_name, format_bytes(load.bytes), first_input_);
    }
    const std::string& first = parts_.tasks[task_.needs.front()].label;
    const std::string& last = parts_.tasks[task_.needs.back()].label;
    std::string range = task_.needs.size() == 1 ? first : fmt::format("{} to {}", first, last);
    const char* verb = task_.kind == TaskKind::kMerge    ? "Merges"
                       : task_.kind == TaskKind::kReduce ? "Reduces"
                                                         : "Joins";
    return fmt::format("{} what {} of the job {} left.", verb, range, parts_.job_name);
  }

  void make_command() {
    std::vector<std::string>& words = texts_.command;
    words = {"quern", is_map() ? "map" : "reduce"};
    if (task_.kind == TaskKind::kMerge) words.emplace_back("--merge");
    if (task_.kind == TaskKind::kCollect) words.emplace_back("--collect");
    for (const std::string& argument : parts_.task_arguments) words.insert(words.end(), {"--set", argument});
    if (is_map()) add_inputs(words);
  }

  void add_inputs(std::vector<std::string>& words) {
    // The filter has already selected among the inputs of the job's patterns; a name alone does not show to which of
    // its parts the filter applies.
    if (request_.job.filter.has_value()) words.insert(words.end(), {"--set", "filter=none"});
    if (parts_.s3_access == S3Access::kNone) words.emplace_back("--no-sign-request");
    words.emplace_back("--");
    std::move(inputs_.begin(), inputs_.end(), std::back_inserter(words));
  }

  void set(const std::string& name, const std::string& value) {
    auto is_named = [&](const auto& variable) { return variable.first == name; };
    auto found = std::find_if(texts_.environment.begin(), texts_.environment.end(), is_named);
    if (found == texts_.environment.end()) {
      texts_.environment.emplace_back(name, value);
    } else {
      found->second = value;
    }
  }

  void set_if_any(const char* name, const std::string& value) {
    if (!value.empty()) set(name, value);
  }

  void make_environment() {
    set_if_any("QUERN_JOB", request_.packed_job);
    set("QUERN_ARTIFACTS", kArtifactsFolder);
    set("QUERN_ARTIFACT_PREFIX", settings_.artifact_prefix);
    set("QUERN_OUTPUT", kResultName);
    if (parts_.has_steps) set("QUERN_REDUCERS", "1");
    if (task_.partition.has_value()) set("QUERN_PARTITION", std::to_string(*task_.partition));
    if (task_.is_final) set("QUERN_FINAL", "1");
    if (!is_map()) {
      set("INPUT_TASK_IDS", input_task_ids());
      set_if_any("OWNER", request_.job.owner);
    }
    if (parts_.s3_access == S3Access::kSealed) set_if_any("CREDENTIALS", request_.sealed_credentials);
    if (is_map()) {
      if (parts_.s3_access == S3Access::kTaskcluster) set("QUERN_S3_CREDENTIALS", "taskcluster");
      set_if_any("QUERN_BUCKET", request_.bucket);
      set_if_any("AWS_REGION", request_.s3_region);
      set_if_any("AWS_ENDPOINT_URL_S3", request_.s3_endpoint);
    }
    for (const auto& [name, value] : settings_.environment) set(name, value);
  }

  std::string input_task_ids() const {
    std::string ids;
    for (std::size_t needed : task_.needs) ids += (ids.empty() ? "" : " ") + parts_.tasks[needed].task_id;
    return ids;
  }

  const GraphParts& parts_;
  const Request& request_;
  const Settings& settings_;
  const PlannedTask& task_;
  std::vector<std::string> inputs_;  // of a map task, as arguments of its command
  std::string first_input_;
  TaskTexts texts_;
};

Json dependencies_of(const GraphParts& parts, const PlannedTask& task) {
  Json ids = Json::array();
  const std::string& image = parts.request.settings.image.task_id;
  if (!image.empty()) ids.push_back(image);
  for (std::size_t needed : task.needs) ids.push_back(parts.tasks[needed].task_id);
  return ids;
}

Json metadata_of(const Request& request, TaskTexts& texts) {
  std::string source = request.settings.source;
  if (source.empty()) source = taskcluster::group_page(request.root_url, request.group_id);
  return Json{{"name", std::move(texts.name)},
              {"description", std::move(texts.description)},
              {"owner", request.job.owner},
              {"source", std::move(source)}};
}

Json tags_of(const GraphParts& parts, const PlannedTask& task) {
  Json tags{{"created-by", "quern"}, {"quern-kind", name_of(task.kind)}};
  if (task.is_final) tags["quern-final"] = "true";
  tags["quern-job"] = parts.job_name;
  tags["createdForUser"] = parts.request.job.owner;
  return tags;
}

Json image_json(const Image& image) {
  if (!image.task_id.empty()) return Json{{"type", "task-image"}, {"taskId", image.task_id}, {"path", image.path}};
  if (!image.name_space.empty()) {
    return Json{{"type", "indexed-image"}, {"namespace", image.name_space}, {"path", image.path}};
  }
  return image.name;
}

Json payload_of(const Settings& settings, TaskTexts& texts) {
  Json environment = Json::object();
  for (auto& [name, value] : texts.environment) environment[name] = std::move(value);
  Json artifacts = Json::object();
  artifacts[settings.artifact_prefix] =
      Json{{"type", "directory"}, {"path", settings.work_folder + "/" + kArtifactsFolder}};
  return Json{{"image", image_json(settings.image)},
              {"command", std::move(texts.command)},
              {"env", std::move(environment)},
              {"maxRunTime", settings.max_run_time.count()},
              {"features", Json{{"taskclusterProxy", true}}},
              {"onExitStatus", Json{{"retry", Json::array({kTransientStatus})}}},
              {"artifacts", std::move(artifacts)}};
}

}  // namespace

TaskTexts texts_of(const GraphParts& parts, const PlannedTask& task, PackedInputs::Reader& inputs) {
  return TextMaker(parts, task, inputs).texts();
}

std::string TaskGraph::definition(std::size_t task, UtcTime created,
                                  const std::optional<taskcluster::TaskDates>& dates) const {
  PackedInputs::Reader inputs(parts_->request.inputs);
  return definition(task, created, inputs, dates);
}

std::string TaskGraph::definition(std::size_t task, UtcTime created, PackedInputs::Reader& inputs,
                                  const std::optional<taskcluster::TaskDates>& dates) const {
  CHECK(task < tasks().size());
  const Request& request = parts_->request;
  const Settings& settings = request.settings;
  const PlannedTask& planned = tasks()[task];
  const auto [deadline, expires] = dates.value_or(
      taskcluster::TaskDates{.deadline = request.now + settings.deadline, .expires = request.now + settings.expires});
  TaskTexts texts = texts_of(*parts_, planned, inputs);
  const Json definition{{"taskQueueId", settings.task_queue},
                        {"schedulerId", settings.scheduler_id},
                        {"projectId", settings.project_id},
                        {"taskGroupId", request.group_id},
                        {"dependencies", dependencies_of(*parts_, planned)},
                        {"requires", planned.kind == TaskKind::kMap ? "all-completed" : "all-resolved"},
                        {"priority", settings.priority},
                        {"retries", settings.retries},
                        {"created", format_utc(created)},
                        {"deadline", format_utc(deadline)},
                        {"expires", format_utc(expires)},
                        {"scopes", scopes_of(*parts_, planned)},
                        {"routes", planned.is_final ? settings.routes : std::vector<std::string>()},
                        {"metadata", metadata_of(request, texts)},
                        {"tags", tags_of(*parts_, planned)},
                        {"payload", payload_of(settings, texts)}};
  return definition.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace quern::plan
