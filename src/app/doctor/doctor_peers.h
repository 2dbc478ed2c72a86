#pragma once

#include <functional>

#include "app/cli/command_line.h"
#include "app/doctor/findings.h"
#include "model/job.h"

// What quern doctor asks of servers, and the credentials for them. One question after the other, each with a short
// timeout; blocks. With --offline nobody is asked.

namespace quern::app {

struct PeerLook {
  const CommandLine& line;
  const Job* job = nullptr;    // none: whatever the environment sets up is looked at
  bool has_s3_inputs = false;  // of the job
  bool names_inputs = false;   // the job does; without them nobody knows what tasks it would have
  std::function<void(Finding)> found;
};

// Credentials for S3, and its clock.
void look_at_s3(const PeerLook& look);
// The deployment of Taskcluster, its clock, who we are there, and what the tasks of the job need.
void look_at_taskcluster(const PeerLook& look);

}  // namespace quern::app
