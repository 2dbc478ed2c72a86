#pragma once

// Keeps this process out of core dumps while it holds secrets.

namespace quern::credentials {

// While an object of this class exists, the kernel does not write a core dump of this process, whatever its limits and
// core_pattern, and does not let other processes of the same user, including children, read its memory or environment
// (/proc/PID/mem, /proc/PID/environ, ptrace). Children do not inherit this: a program that is started begins with dumps
// as its limits allow. This is why it uses prctl(PR_SET_DUMPABLE) and not a RLIMIT_CORE of 0, which children would
// inherit and which the kernel ignores if core_pattern names a program.
//
// The setting belongs to the whole process: use one object at a time, or nest them.
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
