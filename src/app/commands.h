#pragma once

#include "app/cli/command_line.h"

// What main calls: a function for each command, which returns the exit status.

namespace quern::app {

// `quern run`: prints the accounting, and the cause of a failure, to standard error. Returns the exit status. Must be
// called before any other thread runs, because it blocks signals.
int run_command(const CommandLine& line);

// `quern try`: prints some records and what the job makes of them to standard output. Returns the exit status. Must be
// called before any other thread runs.
int try_command(const CommandLine& line);

// `quern check`: prints the job as quern understands it to standard output. Returns the exit status.
int check_command(const CommandLine& line);

// `quern plan`: prints the tasks of a job to standard output and a summary to standard error. Returns the exit status.
int plan_command(const CommandLine& line);

// `quern submit`: plans a job's tasks, creates them, watches them and fetches the result; the last two can be left out.
// Returns the exit status: that of the job, if it was watched.
int submit_command(const CommandLine& line);

// `quern watch`: returns the exit status, which is that of the job.
int watch_command(const CommandLine& line);
// `quern retry`: runs again what failed, was cancelled or left incomplete results, and what failed because of it; then
// watches. Returns the exit status, which is that of the job.
int retry_command(const CommandLine& line);

// `quern fetch`: fetches the result of a completed job. Returns the exit status, which is that of the job.
int fetch_command(const CommandLine& line);

// `quern cancel`: cancels all tasks of a group that have not ended, and seals the group so that no other can be added.
// Returns the exit status.
int cancel_command(const CommandLine& line);

// `quern init`: writes a first job, either all of its files or none. Prints on standard output what it wrote and what
// to do next, or an error on standard error. Returns the exit status.
int init_command(const CommandLine& line);

// `quern look`: prints what a sample says about inputs to standard output. Returns the exit status.
int look_command(const CommandLine& line);

// `quern doctor`: prints its findings to standard output and returns the exit status.
int doctor_command(const CommandLine& line);

// `quern credentials keygen`, `seal`, `open` and `federate`. Prints the answer on standard output and errors on
// standard error. Returns the exit status. While it runs, no core dump can be written.
int credentials_command(const CommandLine& line);

}  // namespace quern::app
