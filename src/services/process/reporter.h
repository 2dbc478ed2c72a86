#pragma once

#include <cstddef>
#include <string>

#include "model/event.h"

namespace quern::process {

// Interprets a line that a `lines` or `files` child wrote to standard error, as Hadoop Streaming does:
// `reporter:counter:GROUP,NAME,AMOUNT` counts, `reporter:status:TEXT` sets the status, and any other line, including an
// incomplete reporter line, is an event::ModuleLine.
event::Event event_of_log_line(event::Role role, std::size_t child, std::string line);

// Whether such a line shows progress: a count or a status, but not just any line.
bool is_progress(const event::Event& event);

}  // namespace quern::process
