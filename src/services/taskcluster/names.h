#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// URLs in a deployment of Taskcluster, by pure functions; "root" is always a root URL in its normal form. And the ids
// of its tasks and task groups: UUIDs of version 4 in 22 characters (https://github.com/taskcluster/slugid).

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

// Fills the bytes with random values.
using Random = std::function<void(std::span<unsigned char>)>;
// The random source of the operating system. Thread-safe.
void system_random(std::span<unsigned char> bytes);

// Makes a new id, in the form that begins with a letter: A to Z or a to f.
std::string make_slugid(const Random& random);
// Whether the queue accepts the text as a slugid, with any valid first character.
bool is_slugid(std::string_view text);

}  // namespace quern::taskcluster
