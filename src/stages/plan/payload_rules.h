#pragma once

#include "base/result.h"
#include "stages/plan/json_rules.h"

namespace quern::plan {

// What a worker with docker payloads would refuse (payload.json of docker-worker, as Taskcluster's d2g reads it), and
// what it could not start: arguments and variables that are too long for a program. Errors are as in json_rules.h.
Result<void> check_payload(const Json& payload);

}  // namespace quern::plan
