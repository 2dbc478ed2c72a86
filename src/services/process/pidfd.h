#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace quern::process {

// A descriptor that stands for this very process, even after its number is in use again; poll(2) shows it readable
// once the process has ended. The process must not be reaped yet, or the answer may be about another one.
Result<Fd> open_pidfd(int pid);
// False if the process has ended or is not ours to signal.
bool signal_pidfd(const Fd& process, int signal);

}  // namespace quern::process
