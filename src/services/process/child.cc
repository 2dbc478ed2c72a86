#include "services/process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <deque>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "services/process/control_group.h"
#include "services/process/guard.h"
#include "services/process/log_lines.h"
#include "services/process/spawn.h"

namespace quern::process {
namespace {

using Clock = std::chrono::steady_clock;

// The most that one wait() reads from the log: all that its pipe holds. LogLines keeps that, so that a caller that
// takes the lines after each wait() misses none (including reporter:counter lines).
constexpr std::size_t kLogReadBytes = limits::kKeptLogBytes;
// The most pieces of the input in one writev(2).
constexpr std::size_t kPiecesPerWrite = 64;

// quern's ends of a child's three pipes.
struct Ends {
  Fd input;
  Fd output;
  Fd log;
};

// Returns the number of bytes in the pipe.
std::size_t bytes_in(const Fd& pipe) {
  int count = 0;
  if (!pipe.is_open() || ::ioctl(pipe.number(), FIONREAD, &count) != 0) return 0;
  return static_cast<std::size_t>(count);
}

void signal_group(int process_group, int signal) { ::kill(-process_group, signal); }

// Calls poll(2) with a deadline and returns the number of ready descriptors. An interruption by a signal handler is
// ignored.
Result<int> poll_until(std::span<pollfd> descriptors, Clock::time_point deadline) {
  while (true) {
    timespec left{};
    bool is_endless = deadline == Clock::time_point::max();
    if (!is_endless) {
      auto rest = std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(deadline - Clock::now()));
      left.tv_sec = static_cast<std::time_t>(rest.count() / 1'000'000'000);
      left.tv_nsec = static_cast<long>(rest.count() % 1'000'000'000);
    }
    int ready = ::ppoll(descriptors.data(), descriptors.size(), is_endless ? nullptr : &left, nullptr);
    if (ready >= 0) return ready;
    if (errno != EINTR) return os_error("waiting for a child", errno);
  }
}

class ProcessChild final : public Child {
 public:
  ProcessChild(int pid, Fd process, Fd stop_event, Ends ends, std::uint64_t kills_before, Guard* guard)
      : pid_(pid),
        guard_(guard),
        kills_before_(kills_before),
        process_(std::move(process)),
        stop_event_(std::move(stop_event)),
        input_(std::move(ends.input)),
        output_(std::move(ends.output)),
        log_(std::move(ends.log)),
        log_buffer_(kLogReadBytes) {}
  ~ProcessChild() override;

  int pid() const override { return pid_; }
  void send(std::string_view bytes) override;
  std::size_t unsent_bytes() const override { return unsent_bytes_; }
  void end_input() override;
  Result<Activity> wait(Buffer& output, std::size_t most_output_bytes, int wake_fd, Clock::time_point deadline,
                        const std::stop_token& stop) override;
  std::optional<Exit> exit() const override { return is_drained() ? exit_ : std::nullopt; }
  void kill() override;
  std::vector<std::string> take_log_lines() override { return log_lines_.take(); }
  std::vector<std::string> last_log_lines() const override { return log_lines_.last(); }

 private:
  Result<void> poll_once(Activity& activity, Buffer& output, std::size_t most_output_bytes, int wake_fd,
                         Clock::time_point deadline);
  Result<void> write_input(Activity& activity);
  Result<void> read_output(Activity& activity, Buffer& output, std::size_t most_bytes);
  Result<void> read_log();
  Result<void> collect_exit(Activity& activity);
  void close_input(Activity& activity);
  void forget_sent(std::size_t count);
  bool is_drained() const { return exit_.has_value() && !output_.is_open() && !log_.is_open(); }

  const int pid_;
  Guard* const guard_;  // or nullptr
  const std::uint64_t kills_before_;
  Fd process_;     // a pidfd: readable once the process has ended; closed once it is reaped
  Fd stop_event_;  // an eventfd that a stop request makes readable
  Fd input_;
  Fd output_;
  Fd log_;
  std::deque<std::string_view> queue_;  // the unsent rest of what was passed to send()
  std::size_t unsent_bytes_ = 0;
  bool ends_input_ = false;
  bool was_killed_ = false;
  bool told_output_end_ = false;
  std::optional<Exit> exit_;
  // After the exit: what the pipes contained then. Nothing more is read, because a process that left the group may keep
  // them open, and write to them, forever.
  std::size_t output_left_bytes_ = 0;
  std::size_t log_left_bytes_ = 0;
  Buffer log_buffer_;
  LogLines log_lines_;
};

ProcessChild::~ProcessChild() {
  if (exit_.has_value()) return;
  // A child that is blocked on a full pipe, or waits for more input, notices the end sooner this way.
  input_.reset();
  output_.reset();
  log_.reset();
  signal_group(pid_, SIGTERM);
  pollfd ended{.fd = process_.number(), .events = POLLIN, .revents = 0};
  static_cast<void>(poll_until({&ended, 1}, Clock::now() + limits::kTermGrace).ok());
  signal_group(pid_, SIGKILL);
  // A process that is blocked in the kernel (a hung network disk) does not end even now; the guard takes care of it.
  auto ready = poll_until({&ended, 1}, Clock::now() + limits::kTermGrace);
  Activity ignored;
  if (ready.ok() && ready.value() > 0) static_cast<void>(collect_exit(ignored).ok());
}

void ProcessChild::send(std::string_view bytes) {
  if (!input_.is_open() || bytes.empty()) return;
  queue_.push_back(bytes);
  unsent_bytes_ += bytes.size();
}

void ProcessChild::end_input() {
  ends_input_ = true;
  if (queue_.empty()) input_.reset();
}

void ProcessChild::kill() {
  if (exit_.has_value()) return;
  was_killed_ = true;
  signal_group(pid_, SIGKILL);
}

Result<Activity> ProcessChild::wait(Buffer& output, std::size_t most_output_bytes, int wake_fd,
                                    Clock::time_point deadline, const std::stop_token& stop) {
  Activity activity;
  if (!is_drained()) {
    std::stop_callback on_stop(stop, [this] { ::eventfd_write(stop_event_.number(), 1); });
    TRY(poll_once(activity, output, most_output_bytes, wake_fd, deadline));
  }
  activity.stopped = stop.stop_requested();
  // The next call may use another token, so the event of this one must be cleared.
  eventfd_t count = 0;
  if (activity.stopped) ::eventfd_read(stop_event_.number(), &count);
  activity.exited = is_drained();
  if (activity.exited) log_lines_.finish();
  if (!output_.is_open() && !told_output_end_) {
    told_output_end_ = true;
    activity.output_ended = true;
  }
  // Log lines do not count as progress here: a child that only complains still reaches its deadline. The caller decides
  // whether a line is a progress report.
  bool progressed = activity.written_bytes > 0 || activity.output_bytes > 0 || activity.exited;
  activity.timed_out = !progressed && Clock::now() >= deadline;
  return activity;
}

Result<void> ProcessChild::poll_once(Activity& activity, Buffer& output, std::size_t most_output_bytes, int wake_fd,
                                     Clock::time_point deadline) {
  // poll(2) ignores negative numbers: closed descriptors, and the output while the caller does not want any. Even
  // without requested events, the input reports that the child has closed its end.
  enum { kInput, kOutput, kLog, kProcess, kWake, kStop, kCount };
  auto entry = [](int number, short events) { return pollfd{.fd = number, .events = events, .revents = 0}; };
  std::array<pollfd, kCount> entries = {
      entry(input_.number(), queue_.empty() ? short{0} : short{POLLOUT}),
      entry(most_output_bytes > 0 ? output_.number() : -1, POLLIN),
      entry(log_.number(), POLLIN),
      entry(process_.number(), POLLIN),
      entry(wake_fd, POLLIN),
      entry(stop_event_.number(), POLLIN),
  };
  TRY(poll_until(entries, deadline));
  if (entries[kInput].revents != 0) TRY(write_input(activity));
  if (entries[kOutput].revents != 0) TRY(read_output(activity, output, most_output_bytes));
  // What the child logged before it wrote its output is in the pipe now, though it may not have been when poll looked.
  const bool has_output = activity.output_bytes > 0 && log_.is_open();
  if (entries[kLog].revents != 0 || has_output) TRY(read_log());
  if (entries[kProcess].revents != 0) TRY(collect_exit(activity));
  activity.wake_readable = entries[kWake].revents != 0;
  return {};
}

Result<void> ProcessChild::write_input(Activity& activity) {
  if (queue_.empty()) {
    close_input(activity);
    return {};
  }
  std::array<iovec, kPiecesPerWrite> pieces;
  std::size_t count = std::min(queue_.size(), pieces.size());
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i] = {.iov_base = const_cast<char*>(queue_[i].data()), .iov_len = queue_[i].size()};
  }
  ssize_t written = ::writev(input_.number(), pieces.data(), static_cast<int>(count));
  if (written < 0) {
    if (errno == EAGAIN || errno == EINTR) return {};
    if (errno != EPIPE) return os_error("writing to a child", errno);
    close_input(activity);
    return {};
  }
  activity.written_bytes += static_cast<std::size_t>(written);
  forget_sent(static_cast<std::size_t>(written));
  if (queue_.empty() && ends_input_) input_.reset();
  return {};
}

void ProcessChild::forget_sent(std::size_t count) {
  unsent_bytes_ -= count;
  while (count > 0) {
    std::size_t step = std::min(count, queue_.front().size());
    queue_.front().remove_prefix(step);
    if (queue_.front().empty()) queue_.pop_front();
    count -= step;
  }
}

void ProcessChild::close_input(Activity& activity) {
  activity.input_closed = true;
  input_.reset();
  queue_.clear();
  unsent_bytes_ = 0;
}

Result<void> ProcessChild::read_output(Activity& activity, Buffer& output, std::size_t most_bytes) {
  if (exit_.has_value()) most_bytes = std::min(most_bytes, output_left_bytes_);
  std::size_t used = output.size();
  output.resize(used + most_bytes);
  ssize_t count = ::read(output_.number(), output.data() + used, most_bytes);
  int error = errno;
  output.resize(used + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count < 0) {
    if (error == EAGAIN || error == EINTR) return {};
    return os_error("reading a child's output", error);
  }
  activity.output_bytes += static_cast<std::size_t>(count);
  if (exit_.has_value()) output_left_bytes_ -= static_cast<std::size_t>(count);
  if (count == 0 || (exit_.has_value() && output_left_bytes_ == 0)) output_.reset();
  return {};
}

Result<void> ProcessChild::read_log() {
  std::size_t most_bytes = exit_.has_value() ? std::min(kLogReadBytes, log_left_bytes_) : kLogReadBytes;
  ssize_t count = ::read(log_.number(), log_buffer_.data(), most_bytes);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return {};
    return os_error("reading a child's log", errno);
  }
  log_lines_.add({log_buffer_.data(), static_cast<std::size_t>(count)});
  if (exit_.has_value()) log_left_bytes_ -= static_cast<std::size_t>(count);
  if (count == 0 || (exit_.has_value() && log_left_bytes_ == 0)) log_.reset();
  return {};
}

// As long as the process is not reaped, its number cannot be reused, so its group is killed first.
Result<void> ProcessChild::collect_exit(Activity& activity) {
  if (guard_ != nullptr) {
    signal_group(pid_, SIGKILL);
    guard_->remove_group(pid_);
  }
  process_.reset();
  rusage used{};
  TRY_ASSIGN(int status, reap(pid_, &used));
  Exit exit{.used = usage_of(used)};
  if (WIFSIGNALED(status)) {
    exit.signal = WTERMSIG(status);
    exit.killed_by_us = was_killed_ && exit.signal == SIGKILL;
    exit.out_of_memory = exit.signal == SIGKILL && !was_killed_ && out_of_memory_kills() > kills_before_;
  } else {
    exit.status = WEXITSTATUS(status);
  }
  exit_ = exit;
  if (!queue_.empty()) close_input(activity);
  input_.reset();
  output_left_bytes_ = bytes_in(output_);
  log_left_bytes_ = bytes_in(log_);
  if (output_left_bytes_ == 0) output_.reset();
  if (log_left_bytes_ == 0) log_.reset();
  return {};
}

// The child's ends of its pipes, in the order of its descriptors.
struct Plan {
  Ends ends;
  Fd null;
  Fd input;
  Fd output;
  Fd log;

  std::vector<int> descriptors(const ChildOptions& options) const {
    if (options.has_terminal) return {0, 1, 2, input.number(), output.number()};
    if (options.framed) return {null.number(), log.number(), log.number(), input.number(), output.number()};
    return {input.number(), options.logs_output ? log.number() : output.number(), log.number()};
  }
};

Result<Plan> make_plan() {
  Plan plan;
  TRY_ASSIGN(Pipe input, make_pipe(limits::kPipeBytes));
  TRY_ASSIGN(Pipe output, make_pipe(limits::kPipeBytes));
  TRY_ASSIGN(Pipe log, make_pipe(limits::kKeptLogBytes));
  TRY(set_nonblocking(input.write_end));
  TRY(set_nonblocking(output.read_end));
  TRY(set_nonblocking(log.read_end));
  TRY_ASSIGN(plan.null, open_file("/dev/null", O_RDONLY));
  plan.ends = {
      .input = std::move(input.write_end), .output = std::move(output.read_end), .log = std::move(log.read_end)};
  plan.input = std::move(input.read_end);
  plan.output = std::move(output.write_end);
  plan.log = std::move(log.write_end);
  return plan;
}

// Replaces any marker in the environment by the one of this run.
std::vector<std::string> with_marker(std::vector<std::string> environment, const std::string& marker) {
  std::string_view name = std::string_view(marker).substr(0, marker.find('=') + 1);
  std::erase_if(environment, [&](const std::string& entry) { return entry.starts_with(name); });
  environment.push_back(marker);
  return environment;
}

// Without a terminal there is nothing to do. SIGTTOU, which quern would get in the background, is blocked.
void bring_to_foreground(int group) {
  sigset_t output;
  sigset_t before;
  ::sigemptyset(&output);
  ::sigaddset(&output, SIGTTOU);
  ::pthread_sigmask(SIG_BLOCK, &output, &before);
  static_cast<void>(::tcsetpgrp(STDIN_FILENO, group));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Result<std::unique_ptr<Child>> start_child(const ChildOptions& options, Guard* guard) {
  CHECK(!options.command.empty());
  std::string starting = "starting " + options.command[0];
  TRY_ASSIGN(Plan plan, make_plan().context(starting));
  TRY_ASSIGN(Fd stop_event, make_event().context(starting));
  std::uint64_t kills_before = out_of_memory_kills();
  TRY_ASSIGN(int pid, spawn({.command = options.command,
                             .environment = guard != nullptr ? with_marker(options.environment, guard->marker())
                                                             : options.environment,
                             .working_folder = options.working_folder,
                             .descriptors = plan.descriptors(options),
                             // quern would wait for the child, and no shell would get the terminal.
                             .ignores_suspension = options.has_terminal}));
  if (guard != nullptr) guard->add_group(pid);
  if (options.has_terminal) bring_to_foreground(pid);
  auto process = open_pidfd(pid);
  if (!process.ok()) {
    signal_group(pid, SIGKILL);
    if (guard != nullptr) guard->remove_group(pid);
    static_cast<void>(reap(pid).ok());
    return std::move(process).error().with_context(starting);
  }
  return std::unique_ptr<Child>(new ProcessChild(pid, std::move(process).value(), std::move(stop_event),
                                                 std::move(plan.ends), kills_before, guard));
}

}  // namespace

void take_terminal_back() { bring_to_foreground(::getpgrp()); }

Result<std::unique_ptr<Child>> Child::start(const ChildOptions& options, Guard& guard) {
  return start_child(options, &guard);
}

Result<std::unique_ptr<Child>> Child::start_unguarded(const ChildOptions& options) {
  return start_child(options, nullptr);
}

}  // namespace quern::process
