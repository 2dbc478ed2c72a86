#pragma once

#include <cstddef>
#include <stop_token>
#include <vector>

#include "app/group_session.h"
#include "base/result.h"
#include "stages/watch/rerun.h"
#include "stages/watch/watch.h"

namespace quern::app {

// Whether these tasks, which have completed, left what they should: their report, and each part of which it tells, with
// its size. Parts are not fetched. limits::kPartDownloads tasks at a time. What is missing is said. Where the client
// may not look, a task counts as whole, and that is said as well. Blocks.
Result<std::vector<watch::Left>> look_at_left_parts(GroupSession& session, const watch::GroupWatch& watch,
                                                    const std::vector<std::size_t>& tasks, const std::stop_token& stop);

}  // namespace quern::app
