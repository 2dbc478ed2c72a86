#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/plan/plan.h"

// The parts of a graph, which graph.cc makes and definition.cc writes.

namespace quern::plan {

struct GraphParts {
  Request request;
  S3Access s3_access = S3Access::kNone;
  std::string job_name;
  bool has_steps = false;                   // if so, a single reduce task does all of them
  std::vector<std::string> task_arguments;  // the arguments of the request that are passed on to tasks
  std::vector<Load> loads;
  std::vector<PlannedTask> tasks;
};

// The texts of a definition that depend on the job's inputs and settings, and so may be too long.
struct TaskTexts {
  std::string name;
  std::string description;
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment;  // each name appears once
};
// `inputs` reads the request's; tasks in their order cost least.
TaskTexts texts_of(const GraphParts& parts, const PlannedTask& task, PackedInputs::Reader& inputs);

// The tasks' access to S3 if the settings do not specify it.
S3Access s3_access_of(const Request& request);

// Checks that the request has everything that tasks need, and that tasks can do this job. Otherwise fails with
// kBadConfig, naming the job file.
Result<void> check_request(const Request& request);

// The scopes of a task: the job's own, then those for its image, its inputs or the mail.
std::vector<std::string> scopes_of(const GraphParts& parts, const PlannedTask& task);

}  // namespace quern::plan
