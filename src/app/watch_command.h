#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "app/group/group_end.h"
#include "app/group/group_session.h"
#include "base/result.h"
#include "model/job.h"

namespace quern::app {

struct WatchOptions {
  std::chrono::milliseconds poll;
  std::size_t retries = 0;       // how often a failing task is run again
  bool takes_cancelled = false;  // also runs again what was already cancelled; fails if nothing can be run again
  std::optional<Job> job = {};   // if known: a retry reports whether its folder has changed
  Leaves leaves = {};
};
// Watches a group to its end and reports how it went; shared by both commands and quern submit. If it is stopped,
// refused or gets no answer, it reports that the job continues.
Result<int> watch_group(GroupSession& session, const std::string& group_id, const WatchOptions& options);

}  // namespace quern::app
