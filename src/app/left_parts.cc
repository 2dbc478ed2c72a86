#include "app/left_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "app/fetch_result.h"
#include "app/task_peer.h"
#include "base/task_group.h"
#include "model/limits.h"
#include "stages/results/results.h"

namespace quern::app {
namespace {

class LeftParts {
 public:
  LeftParts(const taskcluster::Access& access, const watch::GroupWatch& watch, const std::vector<std::size_t>& tasks)
      : access_(access), watch_(watch), tasks_(tasks), left_(tasks.size()), errors_(tasks.size()) {}

  Result<void> run(const std::stop_token& stop) {
    TaskGroup looks(stop);
    for (std::size_t i = 1; i <= std::min(limits::kPartDownloads, tasks_.size()); ++i) {
      looks.spawn(fmt::format("left {}", i), [this](const std::stop_token& stop_one) { return work(stop_one); });
    }
    TRY(looks.wait());
    if (stop.stop_requested()) return stopped();
    return {};
  }

  const std::vector<watch::Left>& left() const { return left_; }
  // Why a task is not whole, or is not known to be.
  const std::optional<Error>& error(std::size_t index) const { return errors_[index]; }

 private:
  Result<void> work(const std::stop_token& stop) {
    TRY_ASSIGN(auto peer, TaskPeer::make(access_));
    for (std::size_t i = next_++; i < tasks_.size() && !stop.stop_requested(); i = next_++) {
      auto looked = look(peer->api(), i, stop);
      if (looked.ok()) continue;
      const ErrorKind kind = looked.error().kind;
      left_[i].is_whole = kind == ErrorKind::kDenied;
      errors_[i] = std::move(looked).error();
      const bool is_told = kind == ErrorKind::kDenied || kind == ErrorKind::kNotFound || kind == ErrorKind::kBadInput;
      if (!is_told) return *errors_[i];
    }
    return {};
  }

  Result<void> look(taskcluster::Api& api, std::size_t index, const std::stop_token& stop) {
    const results::Source source = source_of(watch_, watch_.group().tasks[tasks_[index]]);
    TRY_ASSIGN(TaskReport report, results::read_report(api, source, stop));
    left_[index].has_parts = !report.parts.empty();
    for (const TaskPart& part : report.parts) TRY(results::find_part(api, source, part, stop));
    return {};
  }

  const taskcluster::Access& access_;
  const watch::GroupWatch& watch_;
  const std::vector<std::size_t>& tasks_;
  std::vector<watch::Left> left_;  // each of one thread, as the errors are
  std::vector<std::optional<Error>> errors_;
  std::atomic<std::size_t> next_ = 0;
};

}  // namespace

Result<std::vector<watch::Left>> look_at_left_parts(GroupSession& session, const watch::GroupWatch& watch,
                                                    const std::vector<std::size_t>& tasks,
                                                    const std::stop_token& stop) {
  LeftParts parts(session.api().access(), watch, tasks);
  TRY(parts.run(stop));
  bool is_denial_told = false;
  std::size_t lacking = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto& error = parts.error(i);
    if (!error.has_value()) continue;
    const std::string& label = watch.group().tasks[tasks[i]].label;
    if (error->kind != ErrorKind::kDenied) {
      if (++lacking > limits::kShownFailures) continue;
      session.sink().note(event::Level::kWarning,
                          fmt::format("{} has completed without all that it should leave: {}", label, error->message));
    } else if (!std::exchange(is_denial_told, true)) {
      session.sink().note(
          event::Level::kWarning,
          fmt::format("whether {} and others left all that they should cannot be seen: {}", label, error->message));
    }
  }
  if (lacking > limits::kShownFailures) {
    session.sink().note(event::Level::kWarning, fmt::format("so have {} more", lacking - limits::kShownFailures));
  }
  return parts.left();
}

}  // namespace quern::app
