#include "base/task_group.h"

#include <pthread.h>

#include <utility>

namespace quern {

TaskGroup::TaskGroup(std::stop_token parent)
    : parent_stops_(std::move(parent), std::function<void()>([this] { stop_.request_stop(); })) {}

TaskGroup::~TaskGroup() {
  stop_.request_stop();
  threads_.clear();
}

void TaskGroup::spawn(std::string name, std::function<Result<void>(std::stop_token)> task) {
  threads_.emplace_back([this, name = std::move(name), task = std::move(task)] {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    finish(task(stop_.get_token()));
  });
}

Result<void> TaskGroup::wait() {
  for (std::jthread& thread : threads_) thread.join();
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

}  // namespace quern
