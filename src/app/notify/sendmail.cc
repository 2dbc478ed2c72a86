#include "app/notify/sendmail.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "app/notify/notify_limits.h"
#include "base/fd.h"
#include "services/process/child.h"
#include "services/process/interpreter.h"
#include "services/process/pidfd.h"
#include "services/process/spawn.h"

namespace quern::app {
namespace {

// EX_TEMPFAIL of sysexits.h.
constexpr int kTemporaryFailure = 75;

// A program that reads a text and prints little. Its process group is killed with this object, unless it has ended by
// itself.
class Program {
 public:
  static Result<std::unique_ptr<Program>> start(const std::string& path, std::string_view text);
  ~Program() {
    if (pid_ == 0) return;
    ::kill(-pid_, SIGKILL);
    static_cast<void>(process::reap(pid_).ok());
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Waits until the program has ended.
  Result<process::Exit> wait(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop);
  bool took_all() const { return unsent_.empty(); }
  // The last line of its output that is not blank.
  std::string last_line() const;

 private:
  Program(int pid, Fd ended, Fd input, Fd output, std::string_view text)
      : pid_(pid), ended_(std::move(ended)), input_(std::move(input)), output_(std::move(output)), unsent_(text) {}
  void write();
  void read();

  int pid_;
  Fd ended_;
  Fd input_;
  Fd output_;
  std::string_view unsent_;
  std::string said_;
};

Result<std::unique_ptr<Program>> Program::start(const std::string& path, std::string_view text) {
  TRY_ASSIGN(Pipe input, make_pipe(limits::kPipeBytes));
  TRY_ASSIGN(Pipe output, make_pipe(limits::kPipeBytes));
  TRY(set_nonblocking(input.write_end));
  TRY(set_nonblocking(output.read_end));
  auto pid =
      process::spawn({.command = {path, "-t", "-i"},
                      .environment = process::child_environment({}, {}),
                      .descriptors = {input.read_end.number(), output.write_end.number(), output.write_end.number()}});
  if (!pid.ok()) return bad_config(pid.error().message);
  std::unique_ptr<Program> program(
      new Program(pid.value(), Fd(), std::move(input.write_end), std::move(output.read_end), text));
  TRY_ASSIGN(program->ended_, process::open_pidfd(pid.value()));
  return program;
}

void Program::write() {
  const ssize_t count = ::write(input_.number(), unsent_.data(), unsent_.size());
  if (count > 0) unsent_.remove_prefix(static_cast<std::size_t>(count));
  const bool is_closed = count < 0 && errno != EAGAIN && errno != EINTR;
  if (unsent_.empty() || is_closed) input_.reset();
}

void Program::read() {
  std::array<char, limits::kKeptSendmailBytes> piece{};
  while (output_.is_open()) {
    const ssize_t count = ::read(output_.number(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return output_.reset();
    said_.append(piece.data(), static_cast<std::size_t>(count));
    if (said_.size() > limits::kKeptSendmailBytes) said_.erase(0, said_.size() - limits::kKeptSendmailBytes);
  }
}

Result<process::Exit> Program::wait(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
  TRY_ASSIGN(const Fd stop_told, make_event());
  const std::stop_callback wake(stop, [&] {
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_told.number(), &one, sizeof one) + 0);
  });
  bool has_ended = false;
  while (!has_ended) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Error{.kind = ErrorKind::kRetry, .message = "it does not come to an end"};
    // poll() ignores descriptors below 0.
    std::array<pollfd, 4> watched{{{.fd = ended_.number(), .events = POLLIN, .revents = 0},
                                   {.fd = stop_told.number(), .events = POLLIN, .revents = 0},
                                   {.fd = output_.number(), .events = POLLIN, .revents = 0},
                                   {.fd = input_.number(), .events = POLLOUT, .revents = 0}}};
    if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) {
      return os_error("waiting for a program", errno);
    }
    if (stop.stop_requested()) return stopped();
    has_ended = watched[0].revents != 0;
    if (watched[2].revents != 0 || has_ended) read();
    if (watched[3].revents != 0) write();
  }
  TRY_ASSIGN(const int status, process::reap(std::exchange(pid_, 0)));
  if (WIFSIGNALED(status)) return process::Exit{.signal = WTERMSIG(status)};
  return process::Exit{.status = WEXITSTATUS(status)};
}

std::string Program::last_line() const {
  std::string_view rest = said_;
  while (rest.ends_with('\n') || rest.ends_with('\r') || rest.ends_with(' ')) rest.remove_suffix(1);
  const std::size_t line_end = rest.rfind('\n');
  return std::string(line_end == std::string_view::npos ? rest : rest.substr(line_end + 1));
}

}  // namespace

Result<void> run_sendmail(const std::string& program, std::string_view message, const std::stop_token& stop,
                          std::chrono::milliseconds patience) {
  TRY_ASSIGN(auto running, Program::start(program, message));
  TRY_ASSIGN(const process::Exit exit,
             running->wait(std::chrono::steady_clock::now() + patience, stop).context(program));
  const bool is_good = exit.status == 0 && exit.signal == 0;
  if (is_good && running->took_all()) return {};
  if (is_good) {
    return bad_input(program + " ended before it had read the whole mail");
  }
  std::string why = fmt::format("{} failed: {}", program, exit.in_words());
  if (std::string said = running->last_line(); !said.empty()) why += ": " + said;
  return Error{.kind = exit.status == kTemporaryFailure ? ErrorKind::kRetry : ErrorKind::kBadInput,
               .message = std::move(why)};
}

}  // namespace quern::app
