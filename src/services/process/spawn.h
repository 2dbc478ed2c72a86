#pragma once

#include <sys/resource.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace quern::process {

struct SpawnOptions {
  std::string program;                   // its path; "" means command[0]
  std::vector<std::string> command;      // command[0] is the name by which the program knows itself
  std::vector<std::string> environment;  // the complete environment, "NAME=value"
  std::string working_folder;            // "" means quern's own
  std::vector<int> descriptors;          // descriptors[i] becomes descriptor i of the process, which gets no others
  bool new_session = false;              // true: a new session; false: a process group of its own in quern's session
  bool ignores_suspension = false;       // starts with SIGTSTP ignored
  bool blocks_endings = false;           // starts with SIGINT, SIGTERM and SIGHUP blocked
  bool ends_with_quern = false;          // is killed when the thread that starts it has ended, or quern
};

// Raises the limit of open files for quern as far as permitted. Processes that spawn() starts later get the original
// limit, because a program that calls select() fails with descriptors above 1024. Called once, by main.
void raise_open_files();

// Starts a process as posix_spawn does, never with fork, which takes 46 ms in a process of 1 GB. The process ignores
// the signals that were ignored when quern was started. Returns its process id, which is also the id of its process
// group; the caller must reap it. An error names the program and says what to do. Thread-safe.
Result<int> spawn(const SpawnOptions& options);

// Waits until the process has ended and reaps it; returns its wait status as in waitpid(2). `used`, if not null, gets
// what the process and the children for which it waited have used.
Result<int> reap(int pid, rusage* used = nullptr);

// Returns a descriptor that refers to this process even after its number is reused; poll(2) reports it as readable once
// the process has ended. The process must not have been reaped yet, or the descriptor may refer to another one.
Result<Fd> open_pidfd(int pid);
// Returns false if the process has ended or may not be signalled.
bool signal_pidfd(const Fd& process, int signal);

}  // namespace quern::process
