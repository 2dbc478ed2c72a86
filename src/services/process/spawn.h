#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace quern::process {

struct SpawnOptions {
  std::string program;                   // its path; "" is command[0]
  std::vector<std::string> command;      // command[0] is the name by which the program knows itself
  std::vector<std::string> environment;  // all of it, "NAME=value"
  std::string working_folder;            // "" is quern's own
  std::vector<int> descriptors;          // descriptors[i] becomes descriptor i of the process; it gets no others
  bool new_session = false;              // false: a process group of its own within quern's session
  bool blocks_endings = false;           // starts with SIGINT, SIGTERM and SIGHUP blocked
};

// Lets quern open as many files as it may, and processes that spawn() starts from then on as many as quern could
// before: a program that calls select() fails with more than 1024. For main, once.
void raise_open_files();

// Starts a process as posix_spawn does, never by fork, which costs 46 ms from a process of 1 GB. It ignores the signals
// that quern was started to ignore. Returns its process id, which is its process group's too; the caller must reap it.
// An error names the program and says what to do. Any thread may call.
Result<int> spawn(const SpawnOptions& options);

// Waits until the process has ended and takes it out of the process table: its wait status as of waitpid(2).
Result<int> reap(int pid);

}  // namespace quern::process
