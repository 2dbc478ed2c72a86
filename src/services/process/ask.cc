#include "services/process/ask.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <utility>

#include "base/fd.h"
#include "services/process/spawn.h"

namespace quern::process {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxAnswerBytes = std::size_t{64} << 10;

// Reads until the end of the pipe, the deadline, or a stop.
Result<std::string> read_answer(const Fd& pipe, Clock::time_point deadline, const std::stop_token& stop) {
  TRY_ASSIGN(const Fd event, make_event());
  const std::stop_callback wake(stop, [&event] { ::eventfd_write(event.number(), 1); });
  std::string answer;
  std::array<char, 4096> bytes;
  answer.reserve(kMaxAnswerBytes + bytes.size());
  while (answer.size() < kMaxAnswerBytes && Clock::now() < deadline) {
    std::array<pollfd, 2> watched = {pollfd{.fd = pipe.number(), .events = POLLIN, .revents = 0},
                                     pollfd{.fd = event.number(), .events = POLLIN, .revents = 0}};
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (stop.stop_requested()) return stopped();
    if (ready <= 0) continue;
    TRY_ASSIGN(std::size_t count, read_some(pipe, bytes));
    if (count == 0) break;
    answer.append(bytes.data(), count);
  }
  return answer;
}

// Returns whether the process ended before the deadline, and then kills what is left of its process group.
bool wait_for_end(int pid, Clock::time_point deadline) {
  auto process = open_pidfd(pid);
  auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  pollfd ended{.fd = process.ok() ? process.value().number() : -1, .events = POLLIN, .revents = 0};
  int ready = ::poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  ::kill(-pid, SIGKILL);
  return ready > 0;
}

}  // namespace

Result<Answer> ask(const Question& question) {
  TRY_ASSIGN(Pipe pipe, make_pipe(kMaxAnswerBytes));
  TRY_ASSIGN(Fd null, open_file("/dev/null", O_RDONLY));
  const int write_end = pipe.write_end.number();
  TRY_ASSIGN(int pid,
             spawn({.command = question.command,
                    .environment = question.environment,
                    .descriptors = {null.number(), write_end, question.takes_errors ? write_end : STDERR_FILENO},
                    .ends_with_quern = true}));
  pipe.write_end.reset();
  const auto deadline = Clock::now() + question.patience;
  auto text = read_answer(pipe.read_end, deadline, question.stop);
  pipe.read_end.reset();
  const bool has_ended = wait_for_end(pid, question.stop.stop_requested() ? Clock::now() : deadline);
  TRY_ASSIGN(int status, reap(pid));
  Answer answer;
  TRY_ASSIGN(answer.text, std::move(text));
  if (!has_ended) return not_found(fmt::format("no answer in {} s", question.patience.count()));
  if (WIFSIGNALED(status)) {
    answer.exit.signal = WTERMSIG(status);
  } else {
    answer.exit.status = WEXITSTATUS(status);
  }
  return answer;
}

Result<std::string> answer_of(const Question& question) {
  TRY_ASSIGN(Answer answer, ask(question));
  if (answer.exit.status == 0 && answer.exit.signal == 0) return std::move(answer.text);
  return Error{.kind = ErrorKind::kNotFound, .message = "it failed: " + last_line(answer.text), .details = answer.text};
}

std::string last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

}  // namespace quern::process
