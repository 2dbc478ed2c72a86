#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stages/plan/plan.h"

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

// What createTask takes, with its keys in a fixed order, and as text.
nlohmann::ordered_json definition_json(const GraphParts& parts, const PlannedTask& task, UtcTime created,
                                       const taskcluster::TaskDates& dates);
std::string compact(const nlohmann::ordered_json& definition);
taskcluster::TaskDates planned_dates(const Request& request);

// The S3 access that the tasks have where the settings do not say.
S3Access s3_access_of(const Request& request);

// What every task needs is there, and the job is one that tasks can do: kBadConfig if not, naming the job file.
Result<void> check_request(const Request& request);

// What a task may ask for: the job's own scopes, then what it needs for its image, its inputs or the mail.
std::vector<std::string> scopes_of(const GraphParts& parts, const PlannedTask& task);

}  // namespace quern::plan
