#include "services/process/guard.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "base/fd.h"
#include "model/limits.h"
#include "services/process/interpreter.h"
#include "services/process/log_lines.h"
#include "services/process/spawn.h"

namespace quern::process {
namespace {

enum class Operation : std::int32_t { kAdd = 1, kRemove = 2 };

// A message in the pipe. It is far smaller than PIPE_BUF, so records from several threads never mix.
struct Record {
  Operation operation;
  std::int32_t group;
};

constexpr std::size_t kMarkerBytes = 16;
// The longest environment of a process that is searched.
constexpr std::size_t kMaxEnvironmentBytes = 16 * limits::kMiB;
// The most searches for killed processes that have not ended yet.
constexpr int kMostSweeps = 200;
constexpr int kSweepPauseMs = 10;

Result<std::string> random_marker() {
  std::array<unsigned char, kMarkerBytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return os_error("asking the kernel for random bytes", errno);
  }
  return "QUERN_RUN=" + hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

class PipeGuard final : public Guard {
 public:
  PipeGuard(int pid, Fd pipe, std::string marker) : pid_(pid), pipe_(std::move(pipe)), marker_(std::move(marker)) {}
  ~PipeGuard() override {
    pipe_.reset();
    static_cast<void>(reap(pid_).ok());
  }

  void add_group(int process_group) override { tell({.operation = Operation::kAdd, .group = process_group}); }
  void remove_group(int process_group) override { tell({.operation = Operation::kRemove, .group = process_group}); }
  const std::string& marker() const override { return marker_; }

 private:
  // If somebody killed the guard, writing to it fails; the run continues without it.
  void tell(Record record) {
    static_cast<void>(write_all(pipe_, {reinterpret_cast<const char*>(&record), sizeof record}).ok());
  }

  const int pid_;
  Fd pipe_;
  const std::string marker_;
};

// Whether one of the '\0'-separated entries equals `marker`.
bool has_entry(std::string_view environment, std::string_view marker) {
  for (std::size_t at = environment.find(marker); at != std::string_view::npos; at = environment.find(marker, at + 1)) {
    std::size_t end = at + marker.size();
    if ((at == 0 || environment[at - 1] == '\0') && (end == environment.size() || environment[end] == '\0'))
      return true;
  }
  return false;
}

// Returns false if there is no such process, it is not accessible, or it does not have the marker.
bool kill_if_marked(int pid, std::string_view marker) {
  // Opened before the check, so that the signal cannot hit another process that has taken over the number.
  auto process = open_pidfd(pid);
  if (!process.ok()) return false;
  auto environment = read_file("/proc/" + std::to_string(pid) + "/environ", kMaxEnvironmentBytes);
  if (!environment.ok() || !has_entry(environment.value(), marker)) return false;
  return signal_pidfd(process.value(), SIGKILL);
}

std::optional<int> parse_pid(std::string_view name) {
  int pid = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

// Returns whether any process was found.
bool sweep(std::string_view marker) {
  DIR* processes = ::opendir("/proc");
  if (processes == nullptr) return false;
  bool found = false;
  while (const dirent* entry = ::readdir(processes)) {  // NOLINT(concurrency-mt-unsafe): one thread, its own DIR
    auto pid = parse_pid(entry->d_name);
    if (pid.has_value() && *pid != ::getpid() && kill_if_marked(*pid, marker)) found = true;
  }
  ::closedir(processes);
  return found;
}

// Returns once quern has closed its end of the pipe, which the kernel does in any case when quern ends.
std::set<int> read_groups_until_the_end() {
  std::set<int> groups;
  std::array<Record, limits::kKiB> records{};
  while (true) {
    ssize_t count = ::read(STDIN_FILENO, records.data(), sizeof records);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return groups;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count) / sizeof(Record); ++i) {
      if (records[i].operation == Operation::kAdd) groups.insert(records[i].group);
      if (records[i].operation == Operation::kRemove) groups.erase(records[i].group);
    }
  }
}

}  // namespace

Result<std::unique_ptr<Guard>> Guard::start() {
  TRY_ASSIGN(std::string marker, random_marker());
  TRY_ASSIGN(Pipe pipe, make_pipe(limits::kKeptLogBytes));
  TRY_ASSIGN(Fd null, open_file("/dev/null", O_RDWR));
  SpawnOptions options{.program = "/proc/self/exe",
                       .command = {"quern", "guard", marker},
                       .environment = child_environment({}, {}),
                       .working_folder = "/",
                       .descriptors = {pipe.read_end.number(), null.number(), null.number()},
                       .new_session = true,
                       .blocks_endings = true};
  TRY_ASSIGN(int pid, spawn(options).context("starting the guard that ends quern's children if quern dies"));
  return std::unique_ptr<Guard>(new PipeGuard(pid, std::move(pipe.write_end), std::move(marker)));
}

int run_guard(const std::string& marker) {
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
  for (int group : read_groups_until_the_end()) {
    if (group > 1) ::kill(-group, SIGKILL);
  }
  for (int round = 0; round < kMostSweeps && sweep(marker); ++round) ::poll(nullptr, 0, kSweepPauseMs);
  return 0;
}

}  // namespace quern::process
