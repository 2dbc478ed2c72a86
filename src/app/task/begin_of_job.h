#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/remote/task_peer.h"
#include "base/utc_time.h"

namespace quern::app {

// Returns when the job began: the earliest time at which a worker could take one of these tasks, or one of those that
// they depend on, down to the maps. On each level, only the dependencies of the first task are requested. Empty if the
// deployment does not report it. Blocks.
std::optional<UtcTime> begin_of_job(TaskPeer& peer, std::vector<std::string> task_ids, const std::stop_token& stop);

}  // namespace quern::app
