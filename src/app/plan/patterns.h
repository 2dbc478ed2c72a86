#pragma once

#include <string_view>

// The names that Taskcluster's queue accepts (https://docs.taskcluster.net/docs/reference/platform/queue). Pure
// functions.

namespace quern::plan {

// PROVISIONER/WORKER-TYPE.
bool is_task_queue_id(std::string_view text);
bool is_scheduler_id(std::string_view text);
bool is_project_id(std::string_view text);
// The repository that a task comes from.
bool is_source(std::string_view text);
// The name of an image in a registry. Checks only the characters; parse_image_name() does the rest.
bool is_image_name(std::string_view text);
// A path in the index: parts separated by dots.
bool is_index_path(std::string_view text);

bool is_variable_name(std::string_view text);

}  // namespace quern::plan
