#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace quern::disk {

// An error of writing a file, with what to do if the disk is full, a quota is used up, or the file may not grow any
// more; any other error stays as it is. `elsewhere` says how another place is named: "name another one with --output".
Error advise_if_full(Error error, std::string_view elsewhere);

// The same where temporary files are written. An error that has its advice already stays as it is.
Error advise_scratch_if_full(Error error);
// An error of a folder for temporary files, whatever it is, with how another one is chosen.
Error advise_other_scratch(Error error);

// As write_all(), to a temporary file: an error names its path, and if the disk is full, how another folder is chosen.
Result<void> write_temporary(const Fd& fd, std::string_view bytes, const std::string& path);

}  // namespace quern::disk
