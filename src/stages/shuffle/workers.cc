#include "stages/shuffle/workers.h"

#include <algorithm>
#include <atomic>

#include "base/task_group.h"

namespace quern::shuffle {

Result<void> run_workers(std::size_t threads, std::size_t count, const std::stop_token& stop,
                         const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  auto take_work = [&](const std::stop_token& group_stop) -> Result<void> {
    for (std::size_t i = next++; i < count && !group_stop.stop_requested(); i = next++) work(i);
    return {};
  };
  if (std::min(threads, count) <= 1) {
    TRY(take_work(stop));
  } else {
    TaskGroup group(stop);
    for (std::size_t i = 0; i < std::min(threads, count); ++i) group.spawn("shuffle", take_work);
    TRY(group.wait());
  }
  if (stop.stop_requested()) return stopped();
  return {};
}

}  // namespace quern::shuffle
