#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/cli/command_line.h"
#include "app/group/submit.h"
#include "app/job/load_job.h"
#include "app/plan/plan.h"
#include "base/result.h"
#include "base/utc_time.h"
#include "model/packed_inputs.h"

namespace quern::app {

// A job as a graph of tasks, with all that the graph borrows. Can be moved; the graph lives no longer than `parts`.
struct JobPlan {
  struct Parts {
    LoadedJob loaded;
    plan::Settings settings;
    PackedInputList inputs;
    std::string packed_job;          // "" if the image has the job
    std::string sealed_credentials;  // "" if there are none
    std::string root_url;            // in its normal form
  };
  std::unique_ptr<const Parts> parts;  // at a fixed place, as the graph points into it
  plan::TaskGraph graph;
};

struct JobPlanOptions {
  UtcTime now;
  std::optional<std::string> group_id;  // a slugid; none: it follows from the job, its inputs and the time
};
// What --now and --group say; without --now it is now. kBadConfig: one of them is none.
Result<JobPlanOptions> job_plan_options(const CommandLine& line);

// Loads the job, packs its folder, lists the inputs with their sizes and makes the graph; creates nothing.
// The job and its inputs are those of the command line, as for quern run. kBadConfig for all that the user can put
// right in the job file or on the command line. Blocks on the disk, and on the network where inputs are listed.
Result<JobPlan> plan_job(const CommandLine& line, const JobPlanOptions& options, const std::stop_token& stop);

// What a watch of these tasks and a fetch of their result ask for.
submit::WatchedThings watched_things(const plan::TaskGraph& graph);

}  // namespace quern::app
