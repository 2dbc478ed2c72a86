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

// The output of a completed task. A worker completes a task even if it could not upload everything.
struct Left {
  bool is_whole = true;   // its report exists, and so does every part that it lists
  bool has_parts = true;  // otherwise the result consists of parts of the tasks that it needs
};

// Runs tasks of a group again, each once everything that it needs is there: tasks that failed, completed tasks whose
// output others need and which is incomplete, and a completed final task without its result. Tasks that failed because
// of another one follow it. The queue knows what has been done, so another Rerun continues where this one was
// interrupted.
class Rerun {
 public:
  // Returns one answer for each of these tasks, which must have completed. Blocks.
  using Look =
      std::function<Result<std::vector<Left>>(const std::vector<std::size_t>& tasks, const std::stop_token& stop)>;
  struct Options {
    std::size_t times = 1;  // how often a task that fails by itself is run again
    // Whether to include tasks that are already cancelled. A task that is cancelled later is meant to end.
    bool takes_cancelled = false;
    Look look;
    std::function<void()> begin = nullptr;  // called once, before the first task is run again
  };
  // Borrows `api` and `watch`.
  Rerun(taskcluster::Api& api, GroupWatch& watch, Options options);

  // Fails with kBadInput if the queue would refuse it because the job's deadline has passed.
  Result<void> check(UtcTime now) const;
  // Runs again all tasks that can be run now, many at once, and returns them.
  Result<std::vector<std::size_t>> step(const std::stop_token& stop);
  // Whether running again is the only purpose of the watch: then a refusal ends it. Otherwise the watch continues
  // without running anything again.
  bool is_all_that_is_wanted() const { return options_.takes_cancelled; }
  // Whether nothing is under way, and nothing more can be run again.
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
  // The state of each task.
  struct State {
    std::size_t again = 0;  // how often it was run again because it failed by itself
    bool was_cancelled = false;
    std::size_t runs = 0;  // the number of its runs when `left` was determined
    Left left;
  };
  std::vector<State> states_;
};

}  // namespace quern::watch
