#pragma once

#include <string>
#include <string_view>

// What the definition of a task says of its work, as JSON. Pure functions.

namespace quern::taskcluster {

// payload.env.NAME; "" if it is not there or the definition is none.
std::string environment_of(std::string_view definition, const std::string& name);

// The field of which one of two definitions says that its task does other work, such as "payload.env.QUERN_JOB"; "" if
// there is none. Times, priority, retries, metadata and tags may differ, and so may CREDENTIALS, which are sealed anew
// each time.
std::string difference_in_work(std::string_view one, std::string_view other);

}  // namespace quern::taskcluster
