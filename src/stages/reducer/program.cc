#include "stages/reducer/program.h"

#include <fmt/format.h>

#include <cstring>

#include "services/disk/files.h"
#include "services/process/module_command.h"

namespace quern::reducer {

Result<void> Program::start() {
  TRY_ASSIGN(command_, process::module_command(*options_.module, options_.job_folder, options_.stop));
  return start_child();
}

Result<void> Program::start_child() {
  TRY(child_.link_job_folder());
  TRY(child_.start_program(command_));
  child_.enter(process::Session::State::kStarting);
  return {};
}

Result<void> Program::run(const std::function<Result<void>()>& reduce) {
  Result<void> result;
  while (true) {
    begin();
    result = reduce();
    if (result.ok() || result.error().kind != ErrorKind::kChildFailed) break;
    // How it ended is known already; it only has to be gone now.
    static_cast<void>(child_.end().ok());
    ++deaths_;
    if (deaths_ >= options_.attempts) {
      result = died(result.error().message);
      break;
    }
    TRY(start_another(result.error().message));
  }
  child_.bury();
  return result;
}

// Uses an empty folder: the earlier child may have left a result in its own.
Result<void> Program::start_another(const std::string& how) {
  child_.report_death(
      how, fmt::format("started another and gave it all again (attempt {} of {})", deaths_ + 1, options_.attempts));
  child_.bury();
  TRY(disk::make_empty_folder(options_.working_folder));
  return start_child();
}

Error Program::died(const std::string& how) {
  return child_.give_up({.how = how,
                         .log_lines = child_.last_log_lines(),
                         .action = fmt::format("started it {} times", deaths_),
                         .advice = fmt::format("run it by hand: {}; if this exit status is not a failure, list it in "
                                               "the reducer's `ok_exit:`",
                                               process::by_hand(options_.job_folder, command_))});
}

void Program::begin() {
  child_.grant_time();
  child_.enter(process::Session::State::kWorking);
}

Result<void> Program::step(const std::stop_token& stop) {
  if (has_exited()) return {};
  TRY_ASSIGN(auto seen, child_.step(-1, stop));
  if (seen != process::Session::Seen::kTimedOut) return {};
  return Error{
      .kind = ErrorKind::kChildFailed,
      .message = fmt::format("it neither read, nor wrote, nor reported for {} s (limits.timeout), and quern ended it",
                             child_.allowed_seconds())};
}

Result<void> Program::judge() {
  if (child_.is_success()) return {};
  return Error{.kind = ErrorKind::kChildFailed, .message = child_.how()};
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
