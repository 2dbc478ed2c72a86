#pragma once

#include <cstddef>
#include <string>

#include "model/event.h"

namespace quern::process {

// What a line means that a `lines` or `files` child wrote to standard error, as in Hadoop Streaming:
// `reporter:counter:GROUP,NAME,AMOUNT` counts, `reporter:status:TEXT` reports, everything else (also a reporter line
// that is not whole) is an event::ModuleLine.
event::Event event_of_log_line(event::Role role, std::size_t child, std::string line);

// Whether such a line is a sign of progress: a count or a report, but not just any line.
bool is_progress(const event::Event& event);

}  // namespace quern::process
