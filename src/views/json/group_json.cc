#include "views/json/group_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "views/json/line_writer.h"

namespace quern::view {
namespace {

// {"map": {"running": 3, "completed": 7}}, without noughts.
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

class GroupLines final : public GroupJson {
 public:
  explicit GroupLines(JsonOptions options)
      : options_(std::move(options)), writer_(options_.fd, options_.clock, options_.wall_clock) {}

  void creating(std::size_t created, std::size_t total) override {
    const ClockTime now = options_.clock();
    const bool is_due = !last_progress_.has_value() || now - *last_progress_ >= options_.progress_interval;
    if (created < total && !is_due) return;
    last_progress_ = now;
    writer_.write({{"event", "tasks_created"}, {"created", created}, {"total", total}});
  }
  void note(event::Level level, const std::string& text) override {
    writer_.write({{"event", "note"}, {"level", event::name_of(level)}, {"text", text}});
  }
  void found(const WatchedGroup& group) override {
    writer_.write(group_json(group));
    for (const WatchedTask& task : group.tasks) {
      if (task.runs > 0) writer_.write(task_json(task));
    }
  }
  void looked(const WatchedGroup& group, const std::vector<std::size_t>& changed) override {
    for (std::size_t number : changed) writer_.write(task_json(group.tasks[number]));
    if (!changed.empty()) writer_.write(group_json(group));
  }
  void tick(const WatchedGroup& /*group*/) override {}
  void finish() override {}
  void accounting(std::string_view accounting_json) override {
    Json accounting = Json::parse(accounting_json, nullptr, false);
    CHECK(!accounting.is_discarded());
    writer_.write({{"event", "accounting"}, {"accounting", std::move(accounting)}});
  }
  Result<void> outcome() const override { return writer_.outcome(); }

 private:
  const JsonOptions options_;
  LineWriter writer_;
  std::optional<ClockTime> last_progress_;
};

}  // namespace

std::unique_ptr<GroupJson> make_group_json(JsonOptions options) {
  return std::make_unique<GroupLines>(std::move(options));
}

}  // namespace quern::view
