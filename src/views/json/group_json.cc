#include "views/json/group_json.h"

#include <nlohmann/json.hpp>
#include <string>

namespace quern::view {
namespace {

// {"map": {"running": 3, "completed": 7}}, without counts of zero.
Json counts_json(const WatchedGroup& group) {
  Json kinds = Json::object();
  for (TaskKind kind : {TaskKind::kMap, TaskKind::kMerge, TaskKind::kReduce, TaskKind::kCollect}) {
    const StateCounts counts = count_states(group, kind);
    Json states = Json::object();
    for (std::size_t state = 0; state < counts.size(); ++state) {
      if (counts.at(state) > 0) states[std::string(name_of(static_cast<TaskState>(state)))] = counts.at(state);
    }
    if (!states.empty()) kinds[std::string(name_of(kind))] = std::move(states);
  }
  return kinds;
}

Json group_json(const WatchedGroup& group) {
  return {{"event", "group"}, {"group_id", group.id},        {"url", group.page},
          {"job", group.job}, {"tasks", counts_json(group)}, {"retries", count_retries(group)}};
}

Json task_json(const WatchedTask& task) {
  Json object = {{"event", "task"},
                 {"task_id", task.id},
                 {"name", task.label},
                 {"kind", name_of(task.kind)},
                 {"state", name_of(task.state)}};
  if (task.runs > 0) object["run"] = task.runs - 1;
  if (!task.reason.empty()) object["reason"] = task.reason;
  if (!task.cause.empty()) object["cause"] = task.cause;
  if (!task.log.empty()) object["log"] = task.log;
  return object;
}

}  // namespace

void GroupJson::creating(std::size_t created, std::size_t total) {
  const ClockTime now = options_.clock();
  const bool is_due = !last_progress_.has_value() || now - *last_progress_ >= options_.progress_interval;
  if (created < total && !is_due) return;
  last_progress_ = now;
  writer_.write({{"event", "tasks_created"}, {"created", created}, {"total", total}});
}

void GroupJson::note(event::Level level, const std::string& text) {
  writer_.write({{"event", "note"}, {"level", event::name_of(level)}, {"text", text}});
}

void GroupJson::found(const WatchedGroup& group) {
  writer_.write(group_json(group));
  for (const WatchedTask& task : group.tasks) {
    if (task.runs > 0) writer_.write(task_json(task));
  }
}

void GroupJson::looked(const WatchedGroup& group, const std::vector<std::size_t>& changed) {
  for (std::size_t number : changed) writer_.write(task_json(group.tasks[number]));
  if (!changed.empty()) writer_.write(group_json(group));
}

}  // namespace quern::view
