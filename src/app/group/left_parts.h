#pragma once

#include <cstddef>
#include <stop_token>
#include <vector>

#include "app/group/group_session.h"
#include "app/group/rerun.h"
#include "app/group/watch.h"
#include "base/result.h"

namespace quern::app {

// Checks whether these completed tasks left their report and every part that it lists, with the right size. Parts are
// not fetched. Checks limits::kPartDownloads tasks at a time, and tells the user what is missing. If the client may not
// read a task's artifacts, the task counts as complete and the user is told. Blocks.
Result<std::vector<watch::Left>> look_at_left_parts(GroupSession& session, const watch::GroupWatch& watch,
                                                    const std::vector<std::size_t>& tasks, const std::stop_token& stop);

}  // namespace quern::app
