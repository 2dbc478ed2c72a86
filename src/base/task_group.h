#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"

namespace quern {

// Threads that belong together. The first error stops the others; wait() joins all of them and returns it. The
// destructor stops and joins what is still running, so no thread is ever detached. Only the owning thread may call
// spawn() and wait(); the tasks run on threads of their own.
class TaskGroup {
 public:
  // The group also stops when `parent` is stopped.
  explicit TaskGroup(std::stop_token parent);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // `name` is that of start_thread(). Returns false if the system cannot start another thread; the other tasks then
  // stop, and wait() returns the reason. An exception that leaves the task becomes its error.
  bool spawn(const std::string& name, std::function<Result<void>(std::stop_token)> task);
  // Joins every task and returns the first error that a task returned, if any.
  Result<void> wait();
  void request_stop() { stop_.request_stop(); }
  std::stop_token stop_token() const { return stop_.get_token(); }

 private:
  void finish(Result<void> result);

  std::stop_source stop_;
  std::stop_callback<std::function<void()>> parent_stops_;
  Guarded<std::optional<Error>> first_error_;
  std::vector<std::jthread> threads_;
};

// Starts a thread; all threads are started here. `name` (at most 15 bytes) is what debuggers and `top -H` show. `body`
// must not throw. If the system cannot start another thread, the error says what to do.
Result<std::jthread> start_thread(const std::string& name, std::function<void(std::stop_token)> body);

// Blocks for this long. Returns false if a stop was requested in the meantime.
bool wait_for(std::chrono::milliseconds duration, const std::stop_token& stop);

}  // namespace quern
