#include "stages/reducer/child_report.h"

#include <fmt/format.h>

#include <utility>

#include "base/bytes.h"
#include "model/limits.h"
#include "services/process/cause.h"
#include "services/process/interpreter.h"
#include "services/process/job_links.h"
#include "services/process/reporter.h"

namespace quern::reducer {

std::string ChildReport::name() const {
  return fmt::format("{} {} ({})", name_of(options_.role), options_.child, options_.module->script);
}

void ChildReport::change_state(event::ChildState state, int pid) {
  if (state == state_) return;
  state_ = state;
  emit(event::ChildChanged{.role = options_.role, .child = options_.child, .state = state, .pid = pid});
}

bool ChildReport::emit_log(process::Child& child, bool has_reporter_lines) {
  bool has_reported = false;
  for (std::string& line : child.take_log_lines()) {
    event::Event event =
        has_reporter_lines ? process::event_of_log_line(options_.role, options_.child, std::move(line))
                           : event::ModuleLine{.role = options_.role, .child = options_.child, .line = std::move(line)};
    has_reported |= process::is_progress(event);
    emit(event);
  }
  return has_reported;
}

Error ChildReport::died(const Failure& failure) {
  emit(
      event::ChildDied{.role = options_.role, .child = options_.child, .cause = failure.how, .action = failure.action});
  process::Cause cause{.what = name(),
                       .where_label = "when",
                       .where = failure.when,
                       .how = failure.how,
                       .log_lines = failure.log_lines,
                       .action = failure.action,
                       .advice = failure.advice};
  return Error{.kind = ErrorKind::kChildFailed,
               .message = fmt::format("{} failed: {}", name(), failure.how),
               .details = process::cause_block(cause)};
}

Result<void> prepare_working_folder(const ReducerOptions& options, ChildReport& report) {
  TRY_ASSIGN(bool linked, process::link_job_folder(options.job_folder, options.working_folder));
  if (!linked) {
    report.warn(
        fmt::format("{} has more than {} entries, so the {}'s working folder has no links to them; "
                    "QUERN_JOB_FOLDER names the folder",
                    options.job_folder, std::size_t{process::kMostJobLinks}, name_of(options.role)));
  }
  return {};
}

std::vector<std::string> environment_of(const ReducerOptions& options) {
  return process::child_environment(options.module->environment, {"QUERN_JOB_FOLDER=" + options.job_folder,
                                                                  fmt::format("QUERN_ROLE={}", name_of(options.role))});
}

Result<std::string> end_child(process::Child& child) {
  child.kill();
  Buffer ignored;
  while (!child.exit().has_value()) {
    ignored.clear();
    TRY(child.wait(ignored, limits::kPipeBytes, -1, std::chrono::steady_clock::time_point::max(), {}));
  }
  return child.exit()->in_words();
}

}  // namespace quern::reducer
