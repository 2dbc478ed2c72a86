#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// Where things are in a deployment of Taskcluster. Pure functions; "root" is always a root URL in its normal form.

namespace quern::taskcluster {

// "https://tc.example.com" for that with any number of slashes behind it. kBadConfig: it has a path or a query, or is
// no http or https URL.
Result<std::string> normal_root_url(std::string_view text);

// A method of a service's API: `path` begins with / and is percent-encoded already.
std::string api_url(std::string_view root, std::string_view service, std::string_view path);

// "/task/A%2FB": the parts percent-encoded, with all their slashes, as paths of APIs want them.
std::string api_path(std::initializer_list<std::string_view> parts);

// Pages for people.
std::string task_page(std::string_view root, std::string_view task_id);
std::string run_page(std::string_view root, std::string_view task_id, int run_id);
std::string group_page(std::string_view root, std::string_view task_group_id);

// Where a browser or curl finds an artifact, of the latest run if no other is named. Private ones need credentials.
std::string artifact_url(std::string_view root, std::string_view task_id, std::optional<int> run_id,
                         std::string_view name);

}  // namespace quern::taskcluster
