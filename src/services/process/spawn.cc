#include "services/process/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/fd.h"

namespace quern::process {
namespace {

class Attributes {
 public:
  Attributes() { ::posix_spawnattr_init(&attributes_); }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  void set(const SpawnOptions& options) {
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    if (options.new_session) {
      flags |= POSIX_SPAWN_SETSID;
    } else {
      flags |= POSIX_SPAWN_SETPGROUP;
      ::posix_spawnattr_setpgroup(&attributes_, 0);
    }
    ::posix_spawnattr_setflags(&attributes_, flags);
    // quern ignores SIGPIPE and blocks the signals that its signal thread reads; a program of the user expects neither.
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    sigset_t blocked;
    ::sigemptyset(&blocked);
    if (options.blocks_endings) {
      for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&blocked, signal);
    }
    ::posix_spawnattr_setsigmask(&attributes_, &blocked);
  }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  // The actions run in order, so a source below the number of targets could be overwritten before it is used: such a
  // source is copied to a high number first.
  Result<void> set(const SpawnOptions& options) {
    if (!options.working_folder.empty()) {
      ::posix_spawn_file_actions_addchdir_np(&actions_, options.working_folder.c_str());
    }
    int count = static_cast<int>(options.descriptors.size());
    for (int target = 0; target < count; ++target) {
      int source = options.descriptors[static_cast<std::size_t>(target)];
      if (source < count) {
        lifted_.emplace_back(::fcntl(source, F_DUPFD_CLOEXEC, 10));
        if (!lifted_.back().is_open()) return os_error("copying a descriptor", errno);
        source = lifted_.back().number();
      }
      ::posix_spawn_file_actions_adddup2(&actions_, source, target);
    }
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, count);
    return {};
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
  std::vector<Fd> lifted_;
};

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// What the user can do about a program that does not start.
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

const std::string& program_of(const SpawnOptions& options) {
  return options.program.empty() ? options.command[0] : options.program;
}

Error start_error(const SpawnOptions& options, int error) {
  // posix_spawn has one error number for all its steps, so the step before the program is looked at here.
  if (!options.working_folder.empty() && ::access(options.working_folder.c_str(), X_OK) != 0) {
    int folder_error = errno;
    return os_error(
        fmt::format("starting {}: entering its working folder {}", program_of(options), options.working_folder),
        folder_error);
  }
  Error result = os_error("starting " + program_of(options), error);
  result.message += advice(program_of(options), error);
  return result;
}

}  // namespace

Result<int> spawn(const SpawnOptions& options) {
  CHECK(!options.command.empty());
  Attributes attributes;
  attributes.set(options);
  FileActions actions;
  TRY(actions.set(options).context("starting " + program_of(options)));
  auto arguments = pointers_to(options.command);
  auto environment = pointers_to(options.environment);
  pid_t pid = -1;
  int error = ::posix_spawn(&pid, program_of(options).c_str(), actions.get(), attributes.get(), arguments.data(),
                            environment.data());
  if (error != 0) return start_error(options, error);
  return pid;
}

Result<int> reap(int pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return os_error(fmt::format("waiting for process {}", pid), errno);
  }
  return status;
}

}  // namespace quern::process
