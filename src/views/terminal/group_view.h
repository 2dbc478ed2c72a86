#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/utc_time.h"
#include "model/taskcluster/watched_group.h"
#include "views/terminal/text.h"
#include "views/terminal/view.h"

// The tasks of a job on a deployment, shown to a person.

namespace quern::view {

// The live table: how many tasks of each kind are how far, and which take longest. Lines at most `columns` wide.
std::vector<std::string> render_group(const WatchedGroup& group, UtcTime now, const Style& style, std::size_t columns);

// The same in one line: "map: 12 of 40 completed, 3 running; reduce: waiting; 2 retries".
std::string group_line(const WatchedGroup& group);

// On a terminal a live table, elsewhere a line when something has changed and now and then while nothing does. Tasks
// that fail stay, each with its reason and a link to its log, limits::kShownFailures of them unless options.verbose;
// options.quiet leaves only these. Writes to options.fd as it is called.
std::unique_ptr<GroupSink> make_group_view(TerminalOptions options);

}  // namespace quern::view
