#pragma once

#include <string>
#include <string_view>

// Reads from a task definition, as JSON, what work the task does. Pure functions.

namespace quern::taskcluster {

// Returns payload.env.NAME; "" if it is missing or the definition is invalid.
std::string environment_of(std::string_view definition, const std::string& name);

// Returns the first field that shows that two definitions describe different work, such as "payload.env.QUERN_JOB"; ""
// if there is none. Ignores times, priority, retries, metadata and tags, and also CREDENTIALS, which are sealed again
// each time.
std::string difference_in_work(std::string_view one, std::string_view other);

}  // namespace quern::taskcluster
