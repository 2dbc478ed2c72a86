#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "app/cli/command_line.h"
#include "app/group/group_end.h"
#include "app/group/group_session.h"
#include "base/result.h"
#include "model/job.h"

namespace quern::app {

// `quern watch`: the exit status, which is that of the job.
int watch_command(const CommandLine& line);
// `quern retry`: runs again what failed, was cancelled or left too little, and what failed because of it, and watches;
// the exit status is that of the job.
int retry_command(const CommandLine& line);

struct WatchOptions {
  std::chrono::milliseconds poll;
  std::size_t retries = 0;       // how often a task that fails is run again
  bool takes_cancelled = false;  // what is cancelled when it begins is run again too; it is an error if nothing can be
  std::optional<Job> job = {};   // where it is known: a retry says if its folder has changed
  Leaves leaves = {};
};
// Watches a group to its end, and says how it went: what the two commands, and quern submit, have in common. Stopped,
// refused or without an answer, it says that the job goes on.
Result<int> watch_group(GroupSession& session, const std::string& group_id, const WatchOptions& options);

}  // namespace quern::app
