#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "services/taskcluster/root_url.h"
#include "stages/plan/parts.h"
#include "stages/plan/plan.h"

// The JSON of one task (docs/taskcluster.md). Its keys stand in a fixed order, so that the same plan is the same bytes.

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

// A key of S3 as a pattern that means this key alone.
std::string as_pattern(std::string_view name) {
  if (name == "-") return "\\-";  // alone it would be standard input
  if (std::none_of(name.begin(), name.end(), is_special)) return std::string(name);
  std::string pattern;
  for (char letter : name) {
    if (is_special(letter)) pattern += '\\';
    pattern += letter;
  }
  return pattern;
}

// Once.
class Definition {
 public:
  Definition(const GraphParts& parts, const PlannedTask& task)
      : parts_(parts), request_(parts.request), settings_(parts.request.settings), task_(task) {
    if (is_map()) read_load();
  }

  Json json(UtcTime created, const taskcluster::TaskDates& dates) {
    return Json{{"taskQueueId", settings_.task_queue},
                {"schedulerId", settings_.scheduler_id},
                {"projectId", settings_.project_id},
                {"taskGroupId", request_.group_id},
                {"dependencies", dependencies()},
                {"requires", task_.kind == TaskKind::kMap ? "all-completed" : "all-resolved"},
                {"priority", settings_.priority},
                {"retries", settings_.retries},
                {"created", format_utc(created)},
                {"deadline", format_utc(dates.deadline)},
                {"expires", format_utc(dates.expires)},
                {"scopes", scopes_of(parts_, task_)},
                {"routes", task_.is_final ? settings_.routes : std::vector<std::string>()},
                {"metadata", metadata()},
                {"tags", tags()},
                {"payload", payload()}};
  }

 private:
  void read_load() {
    const Load& load = parts_.loads[task_.load];
    PackedInputs::Reader reader(request_.inputs, load.first);
    inputs_.reserve(load.count);
    for (std::size_t i = 0; i < load.count; ++i) {
      const Input& input = *reader.next();
      if (i == 0) first_input_ = input.name;
      inputs_.push_back(input.url.view().starts_with("s3://") ? as_pattern(input.name) : input.url.str());
    }
  }

  bool is_map() const { return task_.kind == TaskKind::kMap; }

  Json dependencies() const {
    Json ids = Json::array();
    if (!settings_.image.task_id.empty()) ids.push_back(settings_.image.task_id);
    for (std::size_t needed : task_.needs) ids.push_back(parts_.tasks[needed].task_id);
    return ids;
  }

  Json metadata() const {
    std::string source = settings_.source;
    if (source.empty()) source = taskcluster::group_page(request_.root_url, request_.group_id);
    return Json{{"name", fmt::format("{}: {}", parts_.job_name, task_.label)},
                {"description", description()},
                {"owner", request_.job.owner},
                {"source", std::move(source)}};
  }

  std::string description() const {
    if (is_map()) {
      const Load& load = parts_.loads[task_.load];
      return fmt::format("Maps {} of {} inputs of the job {} ({}), from {} on.", load.count, request_.inputs.size(),
                         parts_.job_name, format_bytes(load.bytes), first_input_.view());
    }
    const std::string& first = parts_.tasks[task_.needs.front()].label;
    const std::string& last = parts_.tasks[task_.needs.back()].label;
    std::string range = task_.needs.size() == 1 ? first : fmt::format("{} to {}", first, last);
    const char* verb = task_.kind == TaskKind::kMerge    ? "Merges"
                       : task_.kind == TaskKind::kReduce ? "Reduces"
                                                         : "Joins";
    return fmt::format("{} what {} of the job {} left.", verb, range, parts_.job_name);
  }

  Json tags() const {
    Json tags{{"created-by", "quern"}, {"quern-kind", name_of(task_.kind)}};
    if (task_.is_final) tags["quern-final"] = "true";
    tags["quern-job"] = parts_.job_name;
    tags["createdForUser"] = request_.job.owner;
    return tags;
  }

  Json payload() {
    Json artifacts = Json::object();
    artifacts[settings_.artifact_prefix] =
        Json{{"type", "directory"}, {"path", settings_.work_folder + "/" + kArtifactsFolder}};
    return Json{{"image", image()},
                {"command", command()},
                {"env", environment()},
                {"maxRunTime", settings_.max_run_time.count()},
                {"features", Json{{"taskclusterProxy", true}}},
                {"onExitStatus", Json{{"retry", Json::array({kTransientStatus})}}},
                {"artifacts", std::move(artifacts)}};
  }

  Json image() const {
    const Image& image = settings_.image;
    if (!image.task_id.empty()) return Json{{"type", "task-image"}, {"taskId", image.task_id}, {"path", image.path}};
    if (!image.name_space.empty()) {
      return Json{{"type", "indexed-image"}, {"namespace", image.name_space}, {"path", image.path}};
    }
    return image.name;
  }

  Json command() {
    Json words = Json::array({"quern", is_map() ? "map" : "reduce"});
    if (task_.kind == TaskKind::kMerge) words.push_back("--merge");
    if (task_.kind == TaskKind::kCollect) words.push_back("--collect");
    for (const std::string& argument : parts_.task_arguments) {
      words.push_back("--set");
      words.push_back(argument);
    }
    if (is_map()) add_inputs(words);
    return words;
  }

  void add_inputs(Json& words) {
    // The filter has chosen among what the job's patterns name; a name alone does not say which of its parts it means.
    if (request_.job.filter.has_value()) words.insert(words.end(), {"--set", "filter=none"});
    if (parts_.s3_access == S3Access::kNone) words.push_back("--no-sign-request");
    words.push_back("--");
    for (std::string& input : inputs_) words.push_back(std::move(input));
  }

  Json environment() const {
    Json variables = Json::object();
    auto set = [&](const char* name, const std::string& value) {
      if (!value.empty()) variables[name] = value;
    };
    set("QUERN_JOB", request_.packed_job);
    set("QUERN_ARTIFACTS", kArtifactsFolder);
    set("QUERN_ARTIFACT_PREFIX", settings_.artifact_prefix);
    set("QUERN_OUTPUT", kResultName);
    if (parts_.has_steps) set("QUERN_REDUCERS", "1");
    if (task_.partition.has_value()) set("QUERN_PARTITION", std::to_string(*task_.partition));
    if (task_.is_final) set("QUERN_FINAL", "1");
    if (!is_map()) {
      set("INPUT_TASK_IDS", input_task_ids());
      set("OWNER", request_.job.owner);
    }
    if (parts_.s3_access == S3Access::kSealed) set("CREDENTIALS", request_.sealed_credentials);
    if (is_map()) {
      if (parts_.s3_access == S3Access::kTaskcluster) set("QUERN_S3_CREDENTIALS", "taskcluster");
      set("QUERN_BUCKET", request_.bucket);
      set("AWS_REGION", request_.s3_region);
      set("AWS_ENDPOINT_URL_S3", request_.s3_endpoint);
    }
    for (const auto& [name, value] : settings_.environment) variables[name] = value;
    return variables;
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
  std::vector<std::string> inputs_;  // of a map, as words of its command
  SharedText first_input_;
};

}  // namespace

Json definition_json(const GraphParts& parts, const PlannedTask& task, UtcTime created,
                     const taskcluster::TaskDates& dates) {
  return Definition(parts, task).json(created, dates);
}

std::string compact(const Json& definition) { return definition.dump(-1, ' ', false, Json::error_handler_t::replace); }

taskcluster::TaskDates planned_dates(const Request& request) {
  return {.deadline = request.now + request.settings.deadline, .expires = request.now + request.settings.expires};
}

std::string TaskGraph::definition(std::size_t task, UtcTime created,
                                  const std::optional<taskcluster::TaskDates>& dates) const {
  CHECK(task < tasks().size());
  return compact(definition_json(*parts_, tasks()[task], created, dates.value_or(planned_dates(parts_->request))));
}

}  // namespace quern::plan
