#include "app/task/begin_of_job.h"

#include <algorithm>
#include <utility>

#include "model/taskcluster/task_report.h"

namespace quern::app {
namespace {

// Levels of merges. A plan has far fewer, but the tasks of a group that another program made may form a cycle.
constexpr int kMostLevels = 32;

// A map may depend on a task outside of the job, such as the one that builds its image.
bool needs_tasks_of_the_job(const taskcluster::TaskDefinition& definition) {
  auto tag = definition.tags.find("quern-kind");
  if (tag == definition.tags.end()) return false;
  const auto kind = task_kind_of(tag->second);
  return kind.has_value() && *kind != TaskKind::kMap;
}

}  // namespace

std::optional<UtcTime> begin_of_job(TaskPeer& peer, std::vector<std::string> task_ids, const std::stop_token& stop) {
  std::optional<UtcTime> begin;
  for (int level = 0; level < kMostLevels && !task_ids.empty(); ++level) {
    auto statuses = peer.queue().statuses(task_ids, stop);
    if (!statuses.ok()) return begin;
    for (const taskcluster::TaskStatus& status : statuses.value()) {
      if (status.runs.empty() || !status.runs.front().scheduled.has_value()) continue;
      begin = std::min(begin.value_or(*status.runs.front().scheduled), *status.runs.front().scheduled);
    }
    auto first = peer.queue().task(task_ids.front(), stop);
    if (!first.ok() || !needs_tasks_of_the_job(first.value())) return begin;
    task_ids = std::move(first.value().dependencies);
  }
  return begin;
}

}  // namespace quern::app
