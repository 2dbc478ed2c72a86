#pragma once

// Keeps this process out of core dumps while it holds secrets.

namespace quern::credentials {

// While one lives, the kernel writes no core dump of this process, whatever its limits and core_pattern, and lets no
// other process of the same user read its memory or its environment (/proc/PID/mem, /proc/PID/environ, ptrace): no
// child, either. Children have none of that: a program that is started begins with dumps as its limits say. That is why
// this is prctl(PR_SET_DUMPABLE) and not a limit of 0 for RLIMIT_CORE, which children would inherit, and which the
// kernel does not look at where core_pattern names a program.
//
// The setting belongs to the whole process, so one at a time, or one within another.
class NoCoreDumps {
 public:
  NoCoreDumps();
  ~NoCoreDumps();
  NoCoreDumps(const NoCoreDumps&) = delete;
  NoCoreDumps& operator=(const NoCoreDumps&) = delete;

 private:
  const int before_;
};

}  // namespace quern::credentials
