#pragma once

#include <vector>

#include "app/cli/command_line.h"
#include "app/remote/grants.h"
#include "base/result.h"
#include "model/credentials.h"
#include "services/credentials/aws_environment.h"

namespace quern::app {

struct Federated {
  AwsCredentials credentials;
  std::vector<s3::Grant> grants;  // what the credentials may read
};

// Requests credentials from STS that can read the inputs of the job that `line` names, and nothing else, for the
// duration in `line`. `own` are the long-term keys for the request. Fails with kBadConfig if the line or the job is
// wrong, its inputs are not known in advance, or the policy is too long; otherwise like s3::federate. Blocks on the
// network.
Result<Federated> federate_for_job(const CommandLine& line, AwsCredentials own, const EnvironmentLookup& environment);

}  // namespace quern::app
