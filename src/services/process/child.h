#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/usage.h"
#include "services/process/log_lines.h"

namespace quern::process {

class Guard;

struct ChildOptions {
  std::vector<std::string> command;      // command[0] is the program's absolute path
  std::vector<std::string> environment;  // the complete environment, "NAME=value"; start() adds the guard's marker
  std::string working_folder;            // must exist
  // false: input is standard input, output is standard output, the log is standard error.
  // true: input is descriptor 3, output is descriptor 4, standard input is /dev/null, and standard output and standard
  // error together are the log (docs/formats/child-protocol.md).
  bool framed = false;
  // If framed: the child has quern's standard input, output and error, and is in the foreground of their terminal, so
  // that its debugger works there; nothing is logged.
  bool has_terminal = false;
  // If not framed: standard output is part of the log.
  bool logs_output = false;
};

// How a child ended.
struct Exit {
  int status = 0;  // valid if signal is 0
  int signal = 0;
  bool killed_by_us = false;
  bool out_of_memory = false;  // the kernel's out-of-memory killer was active while the child ran
  Usage used;                  // by the process and by those of its own children for which it waited

  // Returns "exit status 3", "killed by signal 9 (SIGKILL): out of memory ..." and so on.
  std::string in_words() const;
};

// What happened during one wait(); several can be true at once.
struct Activity {
  std::size_t written_bytes = 0;  // of the bytes passed to send()
  std::size_t output_bytes = 0;   // appended to the output
  bool output_ended = false;      // no more output will come
  bool input_closed = false;      // the child closed its input, or ended, before it read everything
  bool wake_readable = false;     // the caller's own descriptor is readable
  bool exited = false;            // the process has ended, and its output and log are drained
  bool timed_out = false;
  bool stopped = false;
};

// A process in its own group, with pipes of limits::kPipeBytes. Not thread-safe: one thread owns it, so kill and wait
// never race. wait() drains all its pipes, so the child never blocks on a full log. The destructor ends the whole
// group: SIGTERM, limits::kTermGrace, SIGKILL, reap. The guard ends a group that quern can no longer end.
class Child {
 public:
  // Starts the child with spawn(), never with fork. An error names the program.
  static Result<std::unique_ptr<Child>> start(const ChildOptions& options, Guard& guard);
  // Starts a child that the guard does not know, and that may leave processes in the background when it ends.
  static Result<std::unique_ptr<Child>> start_unguarded(const ChildOptions& options);
  virtual ~Child() = default;

  virtual int pid() const = 0;
  // Queues bytes for the child's input. Borrows them until unsent_bytes() no longer counts them.
  virtual void send(std::string_view bytes) = 0;
  virtual std::size_t unsent_bytes() const = 0;
  // Ends the input after what is queued.
  virtual void end_input() = 0;
  // Blocks until something happens: writes what is queued, appends the child's output to `output` (at most about
  // `most_output_bytes` per call), collects log lines, and reaps. What the child logged before it wrote the output that
  // a call appends is collected by that call at the latest. `wake_fd` (or -1) is only watched. After the end of the
  // output or of the process the rest must still be drained: call it until `exited`.
  virtual Result<Activity> wait(Buffer& output, std::size_t most_output_bytes, int wake_fd,
                                std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) = 0;
  // Has a value once wait() has reported `exited`.
  virtual std::optional<Exit> exit() const = 0;
  // Sends SIGKILL to the whole group immediately. wait() then reports the exit.
  virtual void kill() = 0;
  // Returns the complete log lines since the last call, in order, without '\n'; a line longer than 8 KiB is split.
  virtual std::vector<std::string> take_log_lines() = 0;
  // Returns the last lines of the log for a cause block, at most limits::kShownLogLines.
  virtual std::vector<std::string> last_log_lines() const = 0;
};

// Brings quern to the foreground of its terminal again, after a child that had it.
void take_terminal_back();

}  // namespace quern::process
