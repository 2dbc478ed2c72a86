#pragma once

#include "app/cli/command_line.h"
#include "app/task/task_environment.h"

namespace quern::app {

// `quern map` and, without files, `quern reduce` as a task of a job (docs/decisions/0011-tasks-of-a-job.md). Writes the
// task's parts and its task.json to the folder that is uploaded; a task that fails leaves only task.json, which
// explains why. Returns the exit status; 75 means that the same task may succeed if it runs again. Must be called
// before any other thread runs.
int task_command(const CommandLine& line, const TaskEnvironment& environment);

}  // namespace quern::app
