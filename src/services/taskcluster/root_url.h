#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// URLs in a deployment of Taskcluster. Pure functions; "root" is always a root URL in its normal form.

namespace quern::taskcluster {

// Returns "https://tc.example.com" without trailing slashes. kBadConfig if the text has a path or a query, or is not an
// http or https URL.
Result<std::string> normal_root_url(std::string_view text);

// Returns the URL of a method in a service's API: `path` begins with / and is already percent-encoded.
std::string api_url(std::string_view root, std::string_view service, std::string_view path);

// Returns "/task/A%2FB": each part is percent-encoded, including its slashes, as API paths require.
std::string api_path(std::initializer_list<std::string_view> parts);

// Web pages.
std::string task_page(std::string_view root, std::string_view task_id);
std::string run_page(std::string_view root, std::string_view task_id, int run_id);
std::string group_page(std::string_view root, std::string_view task_group_id);

// Returns the URL of an artifact for a browser or curl, of the latest run if `run_id` is nullopt. Private artifacts
// need credentials.
std::string artifact_url(std::string_view root, std::string_view task_id, std::optional<int> run_id,
                         std::string_view name);

}  // namespace quern::taskcluster
