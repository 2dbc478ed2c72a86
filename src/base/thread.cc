#include "base/thread.h"

#include <pthread.h>

#include <system_error>
#include <utility>

namespace quern {

Result<std::jthread> start_thread(const std::string& name, std::function<void(std::stop_token)> body) {
  try {
    std::jthread thread(std::move(body));
    ::pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
    return thread;
  } catch (const std::system_error& error) {
    Error failed = os_error("starting the thread " + name, error.code().value());
    failed.kind = ErrorKind::kNoSpace;
    failed.message +=
        "; a limit of processes and threads (ulimit -u, that of a container) or of memory (ulimit -v) is reached: "
        "raise "
        "it, or lower the number of processes (-p)";
    return failed;
  }
}

}  // namespace quern
