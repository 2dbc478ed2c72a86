#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "services/s3/sts.h"

// Which objects a job may need to read, for a policy that allows no others.

namespace quern::app {

struct NamedInputs {
  std::vector<std::string> patterns;  // as in the job file or behind -i
  ByteSource* manifest = nullptr;     // null: there is none; borrowed
  std::string manifest_name = {};     // for messages
  std::string bucket = {};            // of bare keys; "": those are files
};

// For each pattern what its listings and keys begin with; for a manifest what all its keys in a bucket begin with. What
// lies within another grant is left out. Files and https:// URLs need none. kBadConfig: nothing is in S3, or a pattern
// or a line is wrong. Reads the manifest, and asks nobody.
Result<std::vector<s3::Grant>> grants_for(const NamedInputs& inputs);

}  // namespace quern::app
