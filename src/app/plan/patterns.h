#pragma once

#include <string_view>

// What Taskcluster's queue takes as names of its things (https://docs.taskcluster.net/docs/reference/platform/queue).
// Pure functions.

namespace quern::plan {

// PROVISIONER/WORKER-TYPE.
bool is_task_queue_id(std::string_view text);
bool is_scheduler_id(std::string_view text);
bool is_project_id(std::string_view text);
// Of a repository that a task came from.
bool is_source(std::string_view text);
// Of an image in a registry, as far as its letters go; parse_image_name() knows the rest.
bool is_image_name(std::string_view text);
// Of a namespace in the index: parts with dots between.
bool is_index_path(std::string_view text);

bool is_variable_name(std::string_view text);

}  // namespace quern::plan
