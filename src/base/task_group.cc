#include "base/task_group.h"

#include <utility>

#include "base/thread.h"

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

}  // namespace quern
