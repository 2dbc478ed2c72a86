#include "app/notify/sendmail.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "model/limits.h"
#include "services/process/child.h"
#include "services/process/interpreter.h"

namespace quern::app {
namespace {

// How much of the program's output goes into a mail.
constexpr std::size_t kKeptSendmailBytes = 4 * limits::kKiB;

using Clock = std::chrono::steady_clock;

// EX_TEMPFAIL of sysexits.h.
constexpr int kTemporaryFailure = 75;

// Passes the message on, and returns whether the program has read all of it, after its end.
Result<bool> wait_for_end(process::Child& child, Clock::time_point deadline, const std::stop_token& stop) {
  Buffer output;
  bool took_all = true;
  while (true) {
    TRY_ASSIGN(process::Activity seen, child.wait(output, limits::kPipeBytes, -1, deadline, stop));
    took_all = took_all && !seen.input_closed;
    if (seen.exited) return took_all;
    const bool is_late = Clock::now() >= deadline;
    // Immediately, without the time that the destructor grants.
    if (seen.stopped || is_late) child.kill();
    if (seen.stopped) return stopped();
    if (is_late) return Error{.kind = ErrorKind::kRetry, .message = "it does not come to an end"};
  }
}

// Returns the last line that is not blank; of a long one, its end.
std::string last_line(const std::vector<std::string>& lines) {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const std::string text = line->substr(0, line->find_last_not_of("\r ") + 1);
    if (!text.empty()) return text.substr(text.size() - std::min(text.size(), kKeptSendmailBytes));
  }
  return "";
}

}  // namespace

Result<void> run_sendmail(const std::string& program, std::string_view message, const std::stop_token& stop,
                          std::chrono::milliseconds patience) {
  auto started = process::Child::start_unguarded(
      {.command = {program, "-t", "-i"}, .environment = process::child_environment({}, {}), .logs_output = true});
  if (!started.ok()) return bad_config(started.error().message);
  process::Child& child = *started.value();
  child.send(message);
  child.end_input();
  TRY_ASSIGN(const bool took_all, wait_for_end(child, Clock::now() + patience, stop).context(program));
  const process::Exit exit = *child.exit();
  const bool is_good = exit.status == 0 && exit.signal == 0;
  if (is_good && took_all) return {};
  if (is_good) return bad_input(program + " ended before it had read the whole mail");
  std::string why = fmt::format("{} failed: {}", program, exit.in_words());
  if (std::string said = last_line(child.last_log_lines()); !said.empty()) why += ": " + said;
  return Error{.kind = exit.status == kTemporaryFailure ? ErrorKind::kRetry : ErrorKind::kBadInput,
               .message = std::move(why)};
}

}  // namespace quern::app
