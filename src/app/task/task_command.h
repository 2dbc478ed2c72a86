#pragma once

#include "app/cli/command_line.h"
#include "app/task/task_environment.h"

namespace quern::app {

// `quern map` and, without files, `quern reduce` as a task of a job (docs/decisions/0011-tasks-of-a-job.md): the exit
// status. Leaves the task's parts and its task.json in the folder that is uploaded; of a task that fails task.json
// alone, which says why. 75 means that the same task may succeed if it runs again. Call it before any other thread
// runs.
int task_command(const CommandLine& line, const TaskEnvironment& environment);

}  // namespace quern::app
