#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/taskcluster/services.h"

// Scopes: what a Taskcluster client may do, and which S3 credentials a task asks for. Pure functions; roles must
// already be expanded, as auth.currentScopes does.

namespace quern::taskcluster {

// A scope that ends in * satisfies all scopes that begin with the part before it; a * elsewhere is literal.
bool satisfies(std::string_view held, std::string_view needed);

// Returns the needed scopes that no element of `held` satisfies, in their order, without duplicates.
std::vector<std::string> missing_scopes(const std::vector<std::string>& held, const std::vector<std::string>& needed);

// The planner of a task and the task itself must compute the same requests, because the planner asks for the scopes
// that the task uses.

// Returns one request for each bucket of these s3:// URLs, in order of the bucket names; other URLs need none. The
// prefix is the longest common prefix of the bucket's keys that ends in / and can be part of a scope, or "". The order
// of the URLs does not matter.
std::vector<S3Request> s3_requests_for(std::span<const std::string> urls);

// The same, for URLs that are added one by one.
class S3RequestsMaker {
 public:
  void add(std::string_view url);
  std::vector<S3Request> requests() const;

 private:
  std::map<std::string, std::string, std::less<>> prefixes_;  // by bucket
};

}  // namespace quern::taskcluster
