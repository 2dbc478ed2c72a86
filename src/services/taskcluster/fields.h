#pragma once

#include "base/result.h"
#include "model/json_fields.h"

namespace quern::taskcluster {

// Takes values out of what a service answered.
class Fields : public JsonFields {
 public:
  using JsonFields::JsonFields;

  // kBadInput, if anything failed.
  Result<void> finish() const {
    if (failure().empty()) return {};
    return Error{.kind = ErrorKind::kBadInput, .message = "the answer is not as Taskcluster's should be: " + failure()};
  }
};

}  // namespace quern::taskcluster
