#include "base/task_group.h"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>

namespace quern {

TaskGroup::TaskGroup(std::stop_token parent)
    : parent_stops_(std::move(parent), std::function<void()>([this] { stop_.request_stop(); })) {}

TaskGroup::~TaskGroup() {
  stop_.request_stop();
  threads_.clear();
}

bool TaskGroup::spawn(const std::string& name, std::function<Result<void>(std::stop_token)> task) {
  std::jthread& place = threads_.emplace_back();  // first, as it may throw
  auto thread = start_thread(name, [this, task = std::move(task)](const std::stop_token&) {
    finish(without_exceptions([&] { return task(stop_.get_token()); }));
  });
  if (thread.ok()) {
    place = std::move(thread).value();
    return true;
  }
  finish(std::move(thread).error());
  return false;
}

Result<void> TaskGroup::wait() {
  threads_.clear();
  auto first = first_error_.lock();
  if (first->has_value()) return Error(**first);
  return {};
}

void TaskGroup::finish(Result<void> result) {
  if (result.ok()) return;
  {
    auto first = first_error_.lock();
    if (!first->has_value()) *first = std::move(result).error();
  }
  stop_.request_stop();
}

Result<std::jthread> start_thread(const std::string& name, std::function<void(std::stop_token)> body) {
  try {
    std::jthread thread(std::move(body));
    ::pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
    return thread;
  } catch (const std::system_error& error) {
    Error failed = os_error("starting the thread " + name, error.code().value());
    failed.kind = ErrorKind::kNoSpace;
    failed.message +=
        "; a limit of processes and threads (ulimit -u, that of a container) or of memory (ulimit -v) is reached: "
        "raise "
        "it, or lower the number of processes (-p)";
    return failed;
  }
}

bool wait_for(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace quern
