#include "app/remote/task_peer.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/task_group.h"
#include "model/limits.h"

namespace quern::app {

Result<void> for_each_task(const taskcluster::Access& access, std::size_t count, const TaskWork& work,
                           const std::stop_token& stop) {
  std::atomic<std::size_t> next = 0;
  auto take_turns = [&](const std::stop_token& stop_one) -> Result<void> {
    TRY_ASSIGN(auto peer, TaskPeer::make(access));
    for (std::size_t i = next++; i < count && !stop_one.stop_requested(); i = next++) TRY(work(*peer, i, stop_one));
    return {};
  };
  TaskGroup threads(stop);
  for (std::size_t i = 1; i <= std::min(limits::kPartDownloads, count); ++i) {
    threads.spawn(fmt::format("tasks {}", i), take_turns);
  }
  TRY(threads.wait());
  if (stop.stop_requested()) return stopped();
  return {};
}

}  // namespace quern::app
