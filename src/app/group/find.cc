#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "app/group/submit.h"
#include "services/taskcluster/queue.h"
#include "services/taskcluster/task.h"

namespace quern::submit {
namespace {

constexpr const char* kOrAnew = "without --group, quern submit makes a new group";

Error not_this_plan(std::string message) { return bad_input(fmt::format("{}; {}", message, kOrAnew)); }

// Compares a group with the plan, task by task.
class Comparison {
 public:
  explicit Comparison(const Plan& plan) : plan_(plan), found_{.is_there = std::vector<bool>(plan.tasks.size(), false)} {
    for (std::size_t i = 0; i < plan.tasks.size(); ++i) numbers_.emplace(plan.tasks[i].id, i);
  }

  Result<void> add(const taskcluster::GroupedTask& found) {
    auto number = numbers_.find(found.status.task_id);
    if (number == numbers_.end()) return add_unknown(found.definition);
    const std::string planned = plan_.definition(number->second, std::chrono::system_clock::now());
    const std::string field = taskcluster::difference_in_work(planned, found.definition.json);
    if (!field.empty()) {
      return not_this_plan(
          fmt::format("{} is in the task group {} already and does other work ({} differs): the job, "
                      "its inputs or its settings have changed since",
                      plan_.tasks[number->second].label, plan_.group_id, field));
    }
    found_.is_there[number->second] = true;
    if (!found_.dates.has_value()) found_.dates = {.deadline = found.status.deadline, .expires = found.status.expires};
    found_.dates->deadline = std::min(found_.dates->deadline, found.status.deadline);
    found_.dates->expires = std::min(found_.dates->expires, found.status.expires);
    return {};
  }

  Result<FoundTasks> finish(bool is_sealed, UtcTime now) && {
    auto missing = std::count(found_.is_there.begin(), found_.is_there.end(), false);
    if (missing == 0) return std::move(found_);
    const std::string cannot_be_added =
        fmt::format("and {} of its {} tasks are not there and cannot be added", missing, plan_.tasks.size());
    if (is_sealed) {
      return not_this_plan(
          fmt::format("the task group {} is sealed, as cancelled ones are, {}", plan_.group_id, cannot_be_added));
    }
    if (!found_.dates.has_value() || found_.dates->deadline > now) return std::move(found_);
    return not_this_plan(fmt::format("the tasks of the group {} had to be done by their deadline, {}, {}",
                                     plan_.group_id, format_utc(found_.dates->deadline), cannot_be_added));
  }

 private:
  // The group may contain tasks that quern did not make, but none of another plan.
  Result<void> add_unknown(const taskcluster::TaskDefinition& definition) const {
    auto creator = definition.tags.find("created-by");
    if (creator == definition.tags.end() || creator->second != "quern") return {};
    return not_this_plan(
        fmt::format("the task group {} has {}, which this job does not plan: its inputs or its "
                    "settings have changed since",
                    plan_.group_id, definition.name));
  }

  const Plan& plan_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
  FoundTasks found_;
};

}  // namespace

Result<FoundTasks> find_tasks(taskcluster::Api& api, const Plan& plan, const std::stop_token& stop) {
  Comparison comparison(plan);
  auto group = taskcluster::Queue(api).list_task_group(
      plan.group_id, [&](const taskcluster::GroupedTask& found) { return comparison.add(found); }, stop);
  const bool is_new = !group.ok() && group.error().kind == ErrorKind::kNotFound;
  if (!group.ok() && !is_new) return std::move(group).error();
  return std::move(comparison).finish(!is_new && group.value().sealed.has_value(), api.now());
}

}  // namespace quern::submit
