#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace quern::process {

// Returns a descriptor that refers to this process even after its number is reused; poll(2) reports it as readable once
// the process has ended. The process must not have been reaped yet, or the descriptor may refer to another one.
Result<Fd> open_pidfd(int pid);
// Returns false if the process has ended or may not be signalled.
bool signal_pidfd(const Fd& process, int signal);

}  // namespace quern::process
