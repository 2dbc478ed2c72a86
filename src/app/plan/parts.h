#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/plan/plan.h"

// What graph.cc makes and definition.cc writes out.

namespace quern::plan {

struct GraphParts {
  Request request;
  S3Access s3_access = S3Access::kNone;
  std::string job_name;
  bool has_steps = false;                   // then one reduce task does all of them
  std::vector<std::string> task_arguments;  // those of the request that a task is to have
  std::vector<Load> loads;
  std::vector<PlannedTask> tasks;
};

// What a definition has of texts that follow from the job's inputs and settings, and so may be too long.
struct TaskTexts {
  std::string name;
  std::string description;
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment;  // each name once
};
// `inputs` reads the request's; tasks in their order cost least.
TaskTexts texts_of(const GraphParts& parts, const PlannedTask& task, PackedInputs::Reader& inputs);

// The S3 access that the tasks have where the settings do not say.
S3Access s3_access_of(const Request& request);

// What every task needs is there, and the job is one that tasks can do: kBadConfig if not, naming the job file.
Result<void> check_request(const Request& request);

// What a task may ask for: the job's own scopes, then what it needs for its image, its inputs or the mail.
std::vector<std::string> scopes_of(const GraphParts& parts, const PlannedTask& task);

}  // namespace quern::plan
