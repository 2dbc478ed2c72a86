#pragma once

#include <span>
#include <string>
#include <vector>

#include "services/taskcluster/services.h"

// Which credentials for S3 a task needs for its inputs. Whoever plans the task and the task itself have to agree on it:
// the one gives the scopes that the other then uses. Pure functions.

namespace quern::taskcluster {

// One for each bucket of these s3:// URLs, in order of their names; other URLs need none. The prefix is the longest one
// of all keys in the bucket that ends in / and can be part of a scope, or "". The same whatever the order of the URLs.
std::vector<S3Request> s3_requests_for(std::span<const std::string> urls);

}  // namespace quern::taskcluster
