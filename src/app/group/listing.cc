#include "app/group/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "services/taskcluster/names.h"
#include "services/taskcluster/task.h"

namespace quern::watch {
namespace {

std::string tag(const taskcluster::TaskDefinition& definition, const char* name) {
  auto found = definition.tags.find(name);
  return found == definition.tags.end() ? "" : found->second;
}

// Removes the job's name from "os-count: map 17/200".
std::string label_of(const std::string& name, const std::string& job) {
  const std::string start = job + ": ";
  return name.starts_with(start) && name.size() > start.size() ? name.substr(start.size()) : name;
}

}  // namespace

void Listing::add(const taskcluster::GroupedTask& listed) {
  const taskcluster::TaskDefinition& definition = listed.definition;
  std::optional<TaskKind> kind = task_kind_of(tag(definition, "quern-kind"));
  if (tag(definition, "created-by") != "quern" || !kind.has_value()) {
    ++others_;
    return;
  }
  const std::string job = tag(definition, "quern-job");
  Entry entry{.task = {.id = listed.status.task_id,
                       .label = label_of(definition.name, job),
                       .kind = *kind,
                       .is_final = tag(definition, "quern-final") == "true"},
              .status = listed.status,
              .dependencies = definition.dependencies};
  if (entry.task.is_final) {
    job_ = job;
    artifact_prefix_ = taskcluster::environment_of(definition.json, "QUERN_ARTIFACT_PREFIX");
    packed_job_ = taskcluster::environment_of(definition.json, "QUERN_JOB");
  }
  entries_.push_back(std::move(entry));
}

// Sets the depth of each task, from tasks that need nothing to those that need them (Kahn's algorithm).
void Listing::measure_depths() {
  std::map<std::string, std::size_t> numbers;
  for (std::size_t i = 0; i < entries_.size(); ++i) numbers.emplace(entries_[i].task.id, i);
  std::vector<std::vector<std::size_t>> dependents(entries_.size());
  std::vector<std::size_t> waits_for(entries_.size());
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    for (const std::string& id : entries_[i].dependencies) {
      auto found = numbers.find(id);
      if (found == numbers.end() || found->second == i) continue;
      dependents[found->second].push_back(i);
      ++waits_for[i];
    }
    if (waits_for[i] == 0) ready.push_back(i);
  }
  while (!ready.empty()) {
    std::size_t task = ready.back();
    ready.pop_back();
    for (std::size_t dependent : dependents[task]) {
      entries_[dependent].depth = std::max(entries_[dependent].depth, entries_[task].depth + 1);
      if (--waits_for[dependent] == 0) ready.push_back(dependent);
    }
  }
}

void Listing::sort() {
  // Among labels that differ only in a number, the shorter one has the smaller number.
  auto order = [](const Entry& entry) {
    return std::tuple(entry.depth, entry.task.kind, entry.task.label.size(), std::string_view(entry.task.label));
  };
  std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) { return order(a) < order(b); });
}

void Listing::join(GroupWatch& watch) const {
  std::set<std::string> outside;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    WatchedTask task = entries_[i].task;
    for (const std::string& id : entries_[i].dependencies) {
      auto found = watch.numbers_.find(id);
      if (found != watch.numbers_.end()) task.needs.push_back(found->second);
      if (found == watch.numbers_.end() && id != task.id) outside.insert(id);
    }
    if (task.is_final) watch.group_.final_task = i;
    watch.numbers_.emplace(task.id, i);
    watch.group_.tasks.push_back(std::move(task));
    watch.take(i, entries_[i].status);
  }
  for (const std::string& id : outside) watch.outsiders_.push_back({.id = id});
}

Result<GroupWatch> Listing::finish(taskcluster::Api& api, const taskcluster::TaskGroup& group) && {
  const std::string& group_id = group.task_group_id;
  if (entries_.empty()) {
    return bad_input(fmt::format("quern made none of the {} tasks of the task group {}", others_, group_id));
  }
  auto is_final = [](const Entry& entry) { return entry.task.is_final; };
  auto final_entry = std::find_if(entries_.begin(), entries_.end(), is_final);
  if (final_entry == entries_.end()) {
    return bad_input(
        fmt::format("the task group {} has {} tasks of a job, but not its final one: its submission "
                    "was not finished; {}",
                    group_id, entries_.size(),
                    group.sealed.has_value() ? "the group is sealed, as cancelled ones are, so that what was never "
                                               "created cannot be added; quern submit makes a new task group of the job"
                                             : fmt::format("quern submit --group {} goes on with it", group_id)));
  }
  GroupWatch watch(api);
  watch.group_.id = group_id;
  watch.group_.page = taskcluster::group_page(api.access().root_url, group_id);
  watch.group_.job = job_;
  watch.group_.deadline = final_entry->status.deadline;
  watch.artifact_prefix_ = artifact_prefix_;
  watch.packed_job_ = packed_job_;
  measure_depths();
  sort();
  join(watch);
  return watch;
}

}  // namespace quern::watch
