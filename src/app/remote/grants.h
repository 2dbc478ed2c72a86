#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "services/s3/sts.h"

// Determines which objects a job may need to read, for a policy that permits no others.

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

}  // namespace quern::app
