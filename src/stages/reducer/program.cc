#include "stages/reducer/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "model/limits.h"
#include "services/disk/files.h"
#include "services/process/module_command.h"

namespace quern::reducer {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Result<void> Program::start() {
  TRY_ASSIGN(command_, process::module_command(*options_.module, options_.job_folder));
  return start_child();
}

Result<void> Program::start_child() {
  TRY(prepare_working_folder(options_, report_));
  TRY_ASSIGN(child_, process::Child::start({.command = command_,
                                            .environment = environment_of(options_),
                                            .working_folder = options_.working_folder},
                                           guard_));
  has_exited_ = refuses_input_ = false;
  report_.change_state(event::ChildState::kStarting, child_->pid());
  return {};
}

Result<void> Program::run(const std::function<Result<void>()>& reduce) {
  Result<void> result;
  while (true) {
    begin();
    result = reduce();
    if (result.ok() || result.error().kind != ErrorKind::kChildFailed) break;
    // How it ended is known already; it only has to be gone now.
    static_cast<void>(end_child(*child_));
    report_.emit_log(*child_, true);
    ++deaths_;
    if (deaths_ >= options_.attempts) {
      result = died(result.error().message);
      break;
    }
    TRY(start_another(result.error().message));
  }
  child_.reset();
  report_.change_state(event::ChildState::kGone, 0);
  return result;
}

// Uses an empty folder: the earlier child may have left a result in its own.
Result<void> Program::start_another(const std::string& how) {
  report_.emit(event::ChildDied{.role = options_.role,
                                .child = options_.child,
                                .cause = how,
                                .action = fmt::format("started another and gave it all again (attempt {} of {})",
                                                      deaths_ + 1, options_.attempts)});
  child_.reset();
  report_.change_state(event::ChildState::kGone, 0);
  disk::remove_folder(options_.working_folder);
  TRY(disk::make_folders(options_.working_folder));
  return start_child();
}

Error Program::died(const std::string& how) {
  return report_.died({.when = "",
                       .how = how,
                       .log_lines = child_->last_log_lines(),
                       .action = fmt::format("started it {} times", deaths_),
                       .advice = fmt::format("run it by hand: {}; if this exit status is not a failure, list it in the "
                                             "reducer's `ok_exit:`",
                                             process::by_hand(options_.job_folder, command_))});
}

void Program::begin() {
  CHECK(child_ != nullptr);
  last_progress_ = Clock::now();
  report_.change_state(event::ChildState::kWorking, child_->pid());
}

Result<void> Program::step(Buffer& output, const std::stop_token& stop) {
  if (has_exited_) return {};
  std::size_t unsent = child_->unsent_bytes();
  TRY_ASSIGN(process::Activity seen,
             child_->wait(output, limits::kPipeBytes, -1, last_progress_ + options_.timeout, stop));
  bool has_reported = report_.emit_log(*child_, true);
  if (seen.stopped) return Error{.kind = ErrorKind::kStopped, .message = "stopped while reducing"};
  has_exited_ = seen.exited;
  // Bytes that were queued, and are neither written nor still queued, are bytes that the child has refused.
  refuses_input_ |= seen.input_closed || unsent - seen.written_bytes > child_->unsent_bytes();
  if (seen.output_bytes > 0 || seen.written_bytes > 0 || has_reported) last_progress_ = Clock::now();
  if (seen.timed_out && !has_reported && !has_exited_) {
    return Error{
        .kind = ErrorKind::kChildFailed,
        .message = fmt::format("it neither read, nor wrote, nor reported for {} s (limits.timeout), and quern ended it",
                               std::chrono::duration<double>(options_.timeout).count())};
  }
  return {};
}

Result<void> Program::judge() {
  CHECK(has_exited_);
  process::Exit exit = *child_->exit();
  const std::vector<int>& good = options_.module->ok_exit;
  if (exit.signal == 0 && std::find(good.begin(), good.end(), exit.status) != good.end()) return {};
  return Error{.kind = ErrorKind::kChildFailed, .message = exit.in_words()};
}

Result<std::uint64_t> hand_over_lines(Buffer& output, bool at_end, const ReducerOptions& options, ReducedSink& sink) {
  if (at_end && !output.empty() && output.view().back() != '\n') output.push_back('\n');
  const std::size_t whole = output.view().rfind('\n') + 1;  // 0 if there is none
  std::string_view lines = output.view().substr(0, whole);
  std::string_view rest = output.view().substr(whole);
  Buffer pair;
  while (!lines.empty()) {
    std::string_view line = lines;
    const PairView cut = take_pair(lines, options.separator);
    line.remove_suffix(lines.size());
    if (!options.output.is_text) {
      pair.clear();
      append_pair(cut.key, kBetweenInside, cut.value, pair);
      line = pair.view();
    }
    TRY(sink.add(cut.key, line));
  }
  std::uint64_t handed_over = output.size() - rest.size();
  if (handed_over > 0) std::memmove(output.data(), rest.data(), rest.size());
  output.resize(rest.size());
  return handed_over;
}

}  // namespace quern::reducer
