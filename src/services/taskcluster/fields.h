#pragma once

#include "base/result.h"
#include "model/json_fields.h"

namespace quern::taskcluster {

// Reads values from a service's answer.
class Fields : public JsonFields {
 public:
  using JsonFields::JsonFields;

  // kBadInput if any field failed.
  Result<void> finish() const {
    if (failure().empty()) return {};
    return Error{.kind = ErrorKind::kBadInput, .message = "the answer is not as Taskcluster's should be: " + failure()};
  }
};

}  // namespace quern::taskcluster
