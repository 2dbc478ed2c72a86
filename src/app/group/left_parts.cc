#include "app/group/left_parts.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "app/group/fetch_result.h"
#include "app/group/results.h"
#include "app/remote/task_peer.h"
#include "model/limits.h"

namespace quern::app {
namespace {

class LeftParts {
 public:
  LeftParts(const taskcluster::Access& access, const watch::GroupWatch& watch, const std::vector<std::size_t>& tasks)
      : access_(access), watch_(watch), tasks_(tasks), left_(tasks.size()), errors_(tasks.size()) {}

  Result<void> run(const std::stop_token& stop) {
    auto work = [this](TaskPeer& peer, std::size_t i, const std::stop_token& stop_one) -> Result<void> {
      auto looked = look(peer.api(), i, stop_one);
      if (looked.ok()) return looked;
      const ErrorKind kind = looked.error().kind;
      left_[i].is_whole = kind == ErrorKind::kDenied;
      errors_[i] = looked.error();
      const bool is_told = kind == ErrorKind::kDenied || kind == ErrorKind::kNotFound || kind == ErrorKind::kBadInput;
      return is_told ? Result<void>() : looked;
    };
    return for_each_task(access_, tasks_.size(), work, stop);
  }

  const std::vector<watch::Left>& left() const { return left_; }
  // Why a task's output is incomplete, or is not known to be complete.
  const std::optional<Error>& error(std::size_t index) const { return errors_[index]; }

 private:
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
  std::vector<watch::Left> left_;  // each is written by one thread, as are the errors
  std::vector<std::optional<Error>> errors_;
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
