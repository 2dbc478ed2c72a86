#include "services/process/pidfd.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace quern::process {

// Calls the system directly, because the declarations in <sys/pidfd.h> of glibc 2.36 cannot be linked from C++.

Result<Fd> open_pidfd(int pid) {
  long number = ::syscall(SYS_pidfd_open, pid, 0);
  if (number < 0) return os_error(fmt::format("opening process {}", pid), errno);
  return Fd(static_cast<int>(number));
}

bool signal_pidfd(const Fd& process, int signal) {
  return ::syscall(SYS_pidfd_send_signal, process.number(), signal, nullptr, 0) == 0;
}

}  // namespace quern::process
