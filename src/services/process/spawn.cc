#include "services/process/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

// clone(2) under another name, because the thread sanitizer treats a call of clone as a fork.
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);  // NOLINT

namespace quern::process {
namespace {

constexpr std::size_t kMostDescriptors = 8;
constexpr std::size_t kStackBytes = std::size_t{64} << 10;
constexpr std::string_view kFolderStep = "entering its working folder";
constexpr std::string_view kProgramStep = "executing it";

// quern raises its own limit, which belongs to the process, so the original value is global too.
std::optional<rlim_t> open_files_at_start;

// What the new process must do before it executes the program.
struct Start {
  const SpawnOptions& options;
  const char* program;
  char* const* arguments;
  char* const* environment;
  sigset_t blocked;
  std::string_view failed_step = {};
  int error = 0;
};

// A source below the number of targets could be overwritten before it is used, so it is copied to a higher number
// first.
bool place_descriptors(const std::vector<int>& sources) {
  const int count = static_cast<int>(sources.size());
  std::array<int, kMostDescriptors> lifted{};
  for (int i = 0; i < count; ++i) {
    int& source = lifted.at(static_cast<std::size_t>(i));
    source = sources[static_cast<std::size_t>(i)];
    if (source < count) source = ::fcntl(source, F_DUPFD, count);
    if (source < 0) return false;
  }
  for (int i = 0; i < count; ++i) {
    // Not dup2: the thread sanitizer would assume that quern's own descriptors change.
    if (::syscall(SYS_dup3, lifted.at(static_cast<std::size_t>(i)), i, 0) < 0) return false;
  }
  ::closefrom(count);
  return true;
}

bool restore_limit() {
  rlimit limit{};
  if (!open_files_at_start.has_value()) return true;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = *open_files_at_start;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

// Runs in the new process, in quern's memory, while the thread that starts it waits: system calls only. Sanitizers do
// not know its stack.
__attribute__((no_sanitize("address", "thread"))) int become_program(void* argument) {
  auto& start = *static_cast<Start*>(argument);
  const SpawnOptions& options = start.options;
  auto is_done = [&](std::string_view step, bool succeeded) {
    if (!succeeded) start.failed_step = step;
    if (!succeeded) start.error = errno;
    return succeeded;
  };
  if (is_done("leaving quern's process group", options.new_session ? ::setsid() >= 0 : ::setpgid(0, 0) == 0) &&
      is_done(kFolderStep, options.working_folder.empty() || ::chdir(options.working_folder.c_str()) == 0) &&
      is_done("passing descriptors", place_descriptors(options.descriptors)) &&
      is_done("setting its limit of open files", restore_limit()) &&
      is_done("ending it with quern", !options.ends_with_quern || ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) &&
      is_done("ignoring a signal", !options.ignores_suspension || ::signal(SIGTSTP, SIG_IGN) != SIG_ERR) &&
      is_done("unblocking signals", ::sigprocmask(SIG_SETMASK, &start.blocked, nullptr) == 0)) {
    ::execve(start.program, start.arguments, start.environment);
    is_done(kProgramStep, false);
  }
  ::_exit(127);
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Returns what the user can do about a program that does not start.
std::string_view advice(const std::string& program, int error) {
  switch (error) {
    case EACCES:
      return "; make it executable (chmod +x) or name its interpreter";
    case ENOEXEC:
      return "; a script starts with a line like #!/bin/sh";
    case ENOENT:
      if (::access(program.c_str(), F_OK) == 0) return "; its first line names an interpreter that is not there";
      return "";
    case E2BIG:
      return "; its arguments and its environment are too long";
    case EAGAIN:
      return "; the limit of processes is reached (ulimit -u)";
    default:
      return "";
  }
}

Error start_error(const Start& start) {
  std::string what = fmt::format("starting {}", start.program);
  if (start.failed_step == kFolderStep) {
    what += fmt::format(": {} {}", start.failed_step, start.options.working_folder);
  } else if (start.failed_step != kProgramStep) {
    what += fmt::format(": {}", start.failed_step);
  }
  Error result = os_error(what, start.error);
  if (start.failed_step == kProgramStep) result.message += advice(start.program, start.error);
  return result;
}

// Works like posix_spawn, which cannot set limits: the process shares quern's memory until it executes its program, so
// nothing needs to be copied. Returns the id of the process. If one of quern's signal handlers runs in the process
// before that, it is harmless: it does nothing, or ends that process.
Result<int> start_process(Start& start) {
  auto stack = std::make_unique_for_overwrite<std::array<std::max_align_t, kStackBytes / sizeof(std::max_align_t)>>();
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int pid = ::__clone(become_program, stack->end(), CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    start.failed_step = kProgramStep;
    start.error = error;
  } else if (start.failed_step.empty()) {
    return pid;
  } else {
    static_cast<void>(reap(pid).ok());
  }
  return start_error(start);
}

}  // namespace

void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) open_files_at_start = before;
}

Result<int> spawn(const SpawnOptions& options) {
  CHECK(!options.command.empty() && options.descriptors.size() <= kMostDescriptors);
  const std::string& program = options.program.empty() ? options.command[0] : options.program;
  auto arguments = pointers_to(options.command);
  auto environment = pointers_to(options.environment);
  Start start{.options = options,
              .program = program.c_str(),
              .arguments = arguments.data(),
              .environment = environment.data(),
              .blocked = {}};
  ::sigemptyset(&start.blocked);
  if (options.blocks_endings) {
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&start.blocked, signal);
  }
  return start_process(start);
}

Result<int> reap(int pid, rusage* used) {
  int status = 0;
  while (::wait4(pid, &status, 0, used) < 0) {
    if (errno != EINTR) return os_error(fmt::format("waiting for process {}", pid), errno);
  }
  return status;
}

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
