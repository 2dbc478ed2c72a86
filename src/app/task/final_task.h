#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "model/accounting.h"
#include "model/event.h"
#include "model/job.h"

namespace quern::app {

// How a job ended, as its final task knows it. All is borrowed.
struct FinalOutcome {
  const Job& job;
  const Accounting& accounting;  // of the whole job, as far as its tasks left theirs
  const Error* failure;          // null: there is a result
  std::string job_name;
  std::string task_url;  // the page of this run; "" where that is not known
  std::string result;    // the artifact; "" where there is none
  std::string result_url;
};

// Tells the job's owner, if the job asks for that. After the task has left all that it leaves. Never fails: what goes
// wrong is said. Blocks.
void tell_owner(const FinalOutcome& outcome, EventSink& events, const std::stop_token& stop);

}  // namespace quern::app
