#pragma once

#include <functional>
#include <stop_token>

#include "app/cli/command_line.h"
#include "app/doctor/findings.h"
#include "model/job.h"

// What quern doctor asks servers, and the credentials for doing so. Asks one question after another, each with a short
// timeout; blocks. With --offline it asks nothing.

namespace quern::app {

struct PeerLook {
  const CommandLine& line;
  const std::stop_token stop;
  const Job* job = nullptr;   // nullptr: check whatever the environment sets up
  bool needs_s3 = false;      // whether its inputs or its result are there
  bool names_inputs = false;  // whether the job does; otherwise its tasks are not known
  std::function<void(Finding)> found;
};

// Checks the credentials for S3, and its clock.
void look_at_s3(const PeerLook& look);
// Checks the deployment of Taskcluster: its clock, the client, and what the job's tasks need.
void look_at_taskcluster(const PeerLook& look);

}  // namespace quern::app
