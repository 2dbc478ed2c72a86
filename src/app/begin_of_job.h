#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/task_peer.h"
#include "model/utc_time.h"

namespace quern::app {

// When the job began that needs these tasks: the earliest time at which a worker could take one of them, or one of
// those that they need in turn, down to the maps. One of each kind that needs others is asked for what that is, as all
// maps are created at once. None: the deployment does not say. Blocks.
std::optional<UtcTime> begin_of_job(TaskPeer& peer, std::vector<std::string> task_ids, const std::stop_token& stop);

}  // namespace quern::app
