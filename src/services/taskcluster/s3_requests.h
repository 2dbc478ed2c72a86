#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/taskcluster/services.h"

// Which credentials for S3 a task needs for its inputs. Whoever plans the task and the task itself have to agree on it:
// the one gives the scopes that the other then uses. Pure functions, and a value of no thread.

namespace quern::taskcluster {

// One for each bucket of these s3:// URLs, in order of their names; other URLs need none. The prefix is the longest one
// of all keys in the bucket that ends in / and can be part of a scope, or "". The same whatever the order of the URLs.
std::vector<S3Request> s3_requests_for(std::span<const std::string> urls);

// The same, of URLs that come one after the other.
class S3RequestsMaker {
 public:
  void add(std::string_view url);
  std::vector<S3Request> requests() const;

 private:
  std::map<std::string, std::string, std::less<>> prefixes_;  // by bucket
};

}  // namespace quern::taskcluster
