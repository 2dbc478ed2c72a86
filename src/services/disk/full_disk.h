#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace quern::disk {

// Adds advice to an error of writing a file if the disk is full, a quota is exceeded, or the file has reached its size
// limit; returns any other error unchanged. `elsewhere` says how to choose another place: "name another one with
// --output".
Error advise_if_full(Error error, std::string_view elsewhere);

// The same for temporary files. Does not change an error that already has its advice.
Error advise_scratch_if_full(Error error);
// Adds to any error of a folder for temporary files how to choose another one.
Error advise_other_scratch(Error error);

// Like write_all(), for a temporary file: an error names its path and, if the disk is full, how to choose another
// folder.
Result<void> write_temporary(const Fd& fd, std::string_view bytes, const std::string& path);

}  // namespace quern::disk
