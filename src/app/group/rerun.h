#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "app/group/watch.h"
#include "base/result.h"
#include "services/taskcluster/api.h"

namespace quern::watch {

// What a completed task has left. A worker completes a task even if it could not upload everything.
struct Left {
  bool is_whole = true;   // its report is there, and every part that this lists
  bool has_parts = true;  // it has parts itself; otherwise the result is in parts of the tasks that it needs
};

// Runs tasks of a group again: those that failed, completed ones that others need and of which something is missing,
// and a completed final task without its result; each when all that it needs is there. Those that failed because of
// another one follow it. What has been done is known to the queue, so another one goes on where this one was broken
// off.
class Rerun {
 public:
  // One answer for each of these tasks, which have completed. Blocks.
  using Look =
      std::function<Result<std::vector<Left>>(const std::vector<std::size_t>& tasks, const std::stop_token& stop)>;
  struct Options {
    std::size_t times = 1;  // that a task is run again which fails by itself; what fails once more stays so
    // Also those that were cancelled before; a task that is cancelled later is meant to end.
    bool takes_cancelled = false;
    Look look;
    std::function<void()> begin = nullptr;  // is called once, before the first task is run again
  };
  // Borrows both.
  Rerun(taskcluster::Api& api, GroupWatch& watch, Options options);

  // kBadInput where the queue would refuse it, as the job's deadline has passed.
  Result<void> check(UtcTime now) const;
  // Runs again what can be by now, many at once; returns these tasks.
  Result<std::vector<std::size_t>> step(const std::stop_token& stop);
  // Whether the watch is for that alone: then it ends with a refusal, and else goes on without running anything again.
  bool is_all_that_is_wanted() const { return options_.takes_cancelled; }
  // Nothing is under way, and nothing more can be run again.
  bool is_over(UtcTime now) const;

 private:
  bool is_known(std::size_t task) const;
  bool is_lacking(std::size_t task) const;
  bool failed_for_others(const WatchedTask& task) const;
  bool is_wanted(std::size_t task) const;
  bool is_ready(std::size_t task) const;
  std::vector<std::size_t> unknown() const;
  std::vector<std::size_t> candidates() const;
  Result<void> look_at_what_is_left(const std::stop_token& stop);

  taskcluster::Api& api_;
  GroupWatch& watch_;
  Options options_;
  // Of each task.
  struct State {
    std::size_t again = 0;  // how often it was run again for a failure of its own
    bool was_cancelled = false;
    std::size_t runs = 0;  // of which `left` is known
    Left left;
  };
  std::vector<State> states_;
};

}  // namespace quern::watch
