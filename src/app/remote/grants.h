#pragma once

#include <string>
#include <vector>

#include "app/cli/command_line.h"
#include "base/result.h"
#include "base/stream.h"
#include "model/credentials.h"
#include "services/credentials/aws_environment.h"
#include "services/s3/sts.h"

// Determines which objects a job may need to read, for a policy that permits no others; and requests credentials that
// such a policy limits.

namespace quern::app {

struct NamedInputs {
  std::vector<std::string> patterns;  // as in the job file or after -i
  ByteSource* manifest = nullptr;     // nullptr if there is none; borrowed
  std::string manifest_name = {};     // for messages
  std::string bucket = {};            // for bare keys; "": those are files
};

// Returns, for each pattern, the prefixes of its listings and keys; for a manifest, the common prefix of its keys in
// each bucket. Grants that lie within another one are left out. Files and https:// URLs need none. Fails with
// kBadConfig if nothing is in S3, or a pattern or a line is wrong. Reads the manifest, but sends no requests.
Result<std::vector<s3::Grant>> grants_for(const NamedInputs& inputs);

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
