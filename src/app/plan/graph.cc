#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "app/plan/graph_parts.h"
#include "app/plan/plan.h"
#include "base/digest.h"
#include "base/utf8.h"
#include "services/taskcluster/names.h"

// The graph has a map task for each load of inputs. While there are more tasks than one task may depend on (fan_in),
// they are merged in groups, level by level. The end is a reduce task, several reduce tasks and a collect task, or, for
// a map-only job, a collect task. docs/decisions/0011 has the reasons.

namespace quern::plan {
namespace {

// Longer folder names would not fit into the names of tasks.
constexpr std::size_t kMostJobNameBytes = 100;

using Level = std::vector<std::size_t>;  // tasks that the next level needs, in input order

std::string job_name_of(const Job& job) {
  std::string name = std::filesystem::path(job.folder).filename().string();
  if (name.empty()) name = "job";
  return std::string(utf8::cut(name, kMostJobNameBytes));
}

// Whether tasks get this setting. Some matter only where the job is planned: tasks get their inputs by name, and write
// their result where quern finds it. With steps there is a single reducer, whatever the job says.
bool is_for_tasks(std::string_view argument, bool has_steps) {
  constexpr std::array<std::string_view, 6> kOthers = {"inputs", "manifest", "index",
                                                       "filter", "output",   "taskcluster"};
  std::string_view key = argument.substr(0, argument.find('='));
  key = key.substr(0, key.find_last_not_of(' ') + 1);
  key.remove_prefix(std::min(key.find_first_not_of(' '), key.size()));
  if (key.starts_with("taskcluster.")) return false;
  if (has_steps && key == "reducers") return false;
  return std::find(kOthers.begin(), kOthers.end(), key) == kOthers.end();
}

class GraphMaker {
 public:
  explicit GraphMaker(GraphParts& parts) : parts_(parts), job_(parts.request.job) {}

  void make() {
    Level level = add_maps();
    while (level.size() > parts_.request.settings.fan_in) level = merge(level);
    add_end(level);
    parts_.tasks.back().is_final = true;
    name_tasks();
  }

 private:
  std::size_t add(PlannedTask task) {
    parts_.tasks.push_back(std::move(task));
    return parts_.tasks.size() - 1;
  }

  Level add_maps() {
    Level level;
    for (std::size_t i = 0; i < parts_.loads.size(); ++i) level.push_back(add({.kind = TaskKind::kMap, .load = i}));
    return level;
  }

  // Makes as few groups as possible, of sizes as equal as possible.
  Level merge(const Level& level) {
    const std::size_t fan_in = parts_.request.settings.fan_in;
    const std::size_t groups = (level.size() + fan_in - 1) / fan_in;
    Level next;
    for (std::size_t group = 0; group < groups; ++group) {
      auto begin = level.begin() + static_cast<std::ptrdiff_t>(group * level.size() / groups);
      auto end = level.begin() + static_cast<std::ptrdiff_t>((group + 1) * level.size() / groups);
      // With a fan-in of two, one task may be left without another to merge with.
      bool is_alone = end - begin == 1;
      next.push_back(is_alone ? *begin : add({.kind = TaskKind::kMerge, .needs = Level(begin, end)}));
    }
    return next;
  }

  void add_end(const Level& level) {
    if (!job_.steps.front().reducer.has_value() && !parts_.has_steps) {
      add({.kind = TaskKind::kCollect, .needs = level});
    } else if (job_.reducers == 1 || parts_.has_steps) {
      add({.kind = TaskKind::kReduce, .needs = level});
    } else {
      Level reduces;
      for (std::size_t i = 0; i < job_.reducers; ++i) {
        reduces.push_back(add({.kind = TaskKind::kReduce, .partition = i, .needs = level}));
      }
      add({.kind = TaskKind::kCollect, .needs = reduces});
    }
  }

  // "map 17/200"; a task that is the only one of its kind has no number.
  void name_tasks() {
    std::array<std::size_t, 4> totals{};
    for (const PlannedTask& task : parts_.tasks) ++totals[static_cast<std::size_t>(task.kind)];
    std::array<std::size_t, 4> counts{};
    for (PlannedTask& task : parts_.tasks) {
      auto kind = static_cast<std::size_t>(task.kind);
      task.label = name_of(task.kind);
      if (totals[kind] > 1) task.label += fmt::format(" {}/{}", ++counts[kind], totals[kind]);
      task.task_id = task_id_of(parts_.request.group_id, task.label);
    }
  }

  GraphParts& parts_;
  const Job& job_;
};

}  // namespace

Result<TaskGraph> TaskGraph::make(Request request) {
  TRY(check_request(request));
  auto parts = std::make_shared<GraphParts>(GraphParts{.request = std::move(request)});
  const Request& kept = parts->request;
  parts->s3_access = s3_access_of(kept);
  parts->job_name = job_name_of(kept.job);
  parts->has_steps = kept.job.steps.size() > 1;
  std::copy_if(kept.set_arguments.begin(), kept.set_arguments.end(), std::back_inserter(parts->task_arguments),
               [&](const std::string& argument) { return is_for_tasks(argument, parts->has_steps); });
  parts->loads = cut_loads(kept.inputs, kept.settings.load_bytes, kept.settings.load_files);
  GraphMaker(*parts).make();
  return TaskGraph(std::move(parts));
}

const std::string& TaskGraph::group_id() const { return parts_->request.group_id; }
const std::vector<PlannedTask>& TaskGraph::tasks() const { return parts_->tasks; }
const PlannedTask& TaskGraph::final_task() const { return parts_->tasks.back(); }
const std::vector<Load>& TaskGraph::loads() const { return parts_->loads; }
const PackedInputs& TaskGraph::inputs() const { return parts_->request.inputs; }
const std::string& TaskGraph::artifact_prefix() const { return parts_->request.settings.artifact_prefix; }

std::vector<Load> cut_loads(const PackedInputs& inputs, std::uint64_t most_bytes, std::size_t most_files) {
  std::vector<Load> loads;
  PackedInputs::Reader reader(inputs);
  for (std::size_t i = 0; const InputView* input = reader.next(); ++i) {
    std::uint64_t bytes = input->stored_bytes;
    bool fits = !loads.empty() && loads.back().count < most_files && bytes <= most_bytes &&
                loads.back().bytes <= most_bytes - bytes;
    if (!fits) loads.push_back({.first = i});
    ++loads.back().count;
    loads.back().bytes += bytes;
  }
  return loads;
}

namespace {

std::string slugid_of(std::string_view digest) {
  return taskcluster::make_slugid([&](std::span<unsigned char> bytes) {
    CHECK(bytes.size() <= digest.size());
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  });
}

// Adds the length first, so that different lists of parts never yield the same text.
void add_part(Digest& text, std::string_view part) {
  text.add(std::to_string(part.size()));
  text.add(":");
  text.add(part);
}

}  // namespace

std::string task_id_of(const std::string& group_id, const std::string& label) {
  return slugid_of(sha256(group_id + "/" + label));
}

std::string group_id_of(const std::string& job_text, const PackedInputs& inputs, UtcTime now) {
  Digest text(DigestKind::kSha256);
  text.add("quern group\n");
  add_part(text, job_text);
  add_part(text, format_utc(now));
  PackedInputs::Reader reader(inputs);
  while (const InputView* input = reader.next()) {
    add_part(text, input->name);
    add_part(text, input->url);
    add_part(text, std::to_string(input->stored_bytes));
  }
  return slugid_of(text.value());
}

}  // namespace quern::plan
