#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/remote/task_peer.h"
#include "base/result.h"
#include "base/utc_time.h"
#include "model/accounting.h"
#include "model/event.h"
#include "model/job.h"

namespace quern::app {

// How a job ended, as known to its final task. Everything is borrowed.
struct FinalOutcome {
  const Job& job;
  const Accounting& accounting;  // of the whole job, as far as its tasks left theirs
  const Error* failure;          // nullptr if there is a result
  std::string job_name;
  std::string task_url;  // the page of this run; "" if not known
  std::string result;    // the name of the artifact; "" if there is none
  std::string result_url;
};

// Notifies the job's owner, if the job asks for that. To be called after the task has written everything. Never fails:
// errors are reported as events. Blocks.
void tell_owner(const FinalOutcome& outcome, EventSink& events, const std::stop_token& stop);

// Returns when the job began: the earliest time at which a worker could take one of these tasks, or one of those that
// they depend on, down to the maps. On each level, only the dependencies of the first task are requested. Empty if the
// deployment does not report it. Blocks.
std::optional<UtcTime> begin_of_job(TaskPeer& peer, std::vector<std::string> task_ids, const std::stop_token& stop);

}  // namespace quern::app
