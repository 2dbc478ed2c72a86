#pragma once

#include <stop_token>
#include <vector>

#include "base/result.h"
#include "services/taskcluster/api.h"
#include "stages/watch/watch.h"

namespace quern::watch {

// Runs the failed tasks of a group again: at first those that need nothing which failed, later, when these have
// completed, those that failed because of them. Each once, so what fails again stays so. What it has done is known to
// the queue, so another one goes on where this one was broken off.
class Rerun {
 public:
  // Borrows both.
  Rerun(taskcluster::Api& api, GroupWatch& watch);

  // kBadInput, with the tasks' names, where the queue would refuse or it would be of no use: they were cancelled, or
  // the job's deadline has passed.
  Result<void> check(UtcTime now) const;
  // Runs again what can be by now, many at once; returns these tasks.
  Result<std::vector<std::size_t>> step(const std::stop_token& stop);
  // Nothing is under way, and nothing more can be run again.
  bool is_over(UtcTime now) const;

 private:
  std::vector<std::size_t> candidates() const;

  taskcluster::Api& api_;
  GroupWatch& watch_;
  std::vector<bool> is_done_;  // of each task: it was run again by this
};

}  // namespace quern::watch
