#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/utc_time.h"
#include "model/taskcluster/watched_group.h"
#include "views/terminal/terminal_text.h"
#include "views/terminal/view.h"

// Shows the tasks of a job on a deployment to a person.

namespace quern::view {

// Returns the live table: how many tasks of each kind are in which state, and which run longest. Lines are at most
// `columns` wide.
std::vector<std::string> render_group(const WatchedGroup& group, UtcTime now, const Style& style, std::size_t columns);

// The same as one line: "map: 12 of 40 completed, 3 running; reduce: waiting; 2 retries".
std::string group_line(const WatchedGroup& group);

// Shows a live table on a terminal; elsewhere a line whenever something has changed, and now and then while nothing
// does. Failed tasks remain visible, each with its reason and a link to its log: limits::kShownFailures of them, or all
// with options.verbose. With options.quiet only these and warnings are shown. Writes to options.fd in the calls
// themselves.
std::unique_ptr<GroupSink> make_group_view(TerminalOptions options);

}  // namespace quern::view
