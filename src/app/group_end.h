#pragma once

#include <optional>
#include <string>

#include "app/group_session.h"
#include "base/result.h"
#include "stages/watch/watch.h"

namespace quern::app {

// What is to be done and said when the job of a group has ended, as `ending` says: reads the accounting that its final
// task left, fetches the result to `output` (none: it stays where it is), with result.json beside it, and says how it
// went. The exit status, as of quern run.
Result<int> close_group(GroupSession& session, const watch::GroupWatch& watch, watch::Ending ending,
                        const std::optional<std::string>& output);

}  // namespace quern::app
