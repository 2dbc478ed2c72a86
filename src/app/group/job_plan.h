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
#include "model/job.h"
#include "model/packed_inputs.h"

namespace quern::app {

// A job as a graph of tasks, with everything that the graph borrows. Movable; the graph must not outlive `parts`.
struct JobPlan {
  struct Parts {
    LoadedJob loaded;
    plan::Settings settings;
    InputList inputs;
    std::string packed_job;          // "" if the image has the job
    std::string sealed_credentials;  // "" if there are none
    std::string root_url;            // normalized
  };
  std::unique_ptr<const Parts> parts;  // at a fixed address, because the graph points into it
  plan::TaskGraph graph;
};

struct JobPlanOptions {
  UtcTime now;
  std::optional<std::string> group_id;  // a slugid; absent: derived from the job, its inputs and the time
};
// Reads --now and --group; without --now it is the current time. Fails with kBadConfig if one of them is malformed.
Result<JobPlanOptions> job_plan_options(const CommandLine& line);

// Loads the job, packs its folder, lists the inputs with their sizes and makes the graph; creates nothing. The job and
// its inputs are chosen by the command line, as for quern run. Fails with kBadConfig for everything that the user can
// correct in the job file or on the command line. Blocks on the disk, and on the network if inputs are listed there.
Result<JobPlan> plan_job(const CommandLine& line, const JobPlanOptions& options, const std::stop_token& stop);

// What must be readable to watch these tasks and to fetch their result.
submit::WatchedThings watched_things(const plan::TaskGraph& graph);

// Whether the files in a job's folder differ from `packed`, which is sent with the tasks created from it. Files that
// quern itself left in the folder, next to the job's output, do not count. Fails if either cannot be read or packed.
Result<bool> has_folder_changed(const Job& job, const std::string& packed);

}  // namespace quern::app
