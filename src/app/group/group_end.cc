#include "app/group/group_end.h"

#include <fmt/format.h>

#include <utility>

#include "app/cli/console.h"
#include "app/group/fetch_result.h"
#include "app/group/results.h"
#include "app/job/result_folder.h"
#include "services/taskcluster/names.h"
#include "stages/output/output.h"

namespace quern::app {
namespace {

Result<TaskReport> read_report(GroupSession& session, const watch::GroupWatch& watch, const WatchedTask& task) {
  return results::read_report(session.api(), source_of(watch, task), session.stop());
}

// A worker completes a task even if it could not upload everything.
Error result_is_missing(Error error, const watch::GroupWatch& watch, UtcTime now) {
  if (is_about_this_machine(error) || (error.kind != ErrorKind::kNotFound && error.kind != ErrorKind::kBadInput))
    return error;
  error.message = fmt::format("{} has completed, but what it should have left is not all there: {}",
                              watch.final_task().label, error.message);
  if (!error.details.empty()) return error;
  error.details =
      now < watch.group().deadline
          ? fmt::format("to run again what left too little:  quern retry {}", watch.group().id)
          : "as the deadline of the job has passed, nothing can be run again; quern submit makes a new task group";
  return error;
}

// The address of a result that is not fetched.
std::string link_to_result(GroupSession& session, const watch::GroupWatch& watch, const TaskReport& report) {
  if (report.parts.empty()) return watch.group().page;
  const WatchedTask& task = watch.final_task();
  return taskcluster::artifact_url(session.api().access().root_url, task.id, static_cast<int>(task.runs) - 1,
                                   watch.artifact_prefix() + "/" + report.parts.front().name);
}

// Takes the accounting, and the result if it is wanted.
Result<TaskReport> take_result(GroupSession& session, const watch::GroupWatch& watch,
                               const std::optional<std::string>& output) {
  TRY_ASSIGN(TaskReport report, read_report(session, watch, watch.final_task()));
  report.accounting.files.clear();
  if (output.has_value()) {
    TRY(fetch_result(session, watch, report, *output));
    return report;
  }
  auto found = find_result(session, watch, report);
  // A user who may not read the result may still be told that the job is done.
  if (!found.ok() && found.error().kind != ErrorKind::kDenied) return std::move(found).error();
  report.accounting.result = link_to_result(session, watch, report);
  return report;
}

// The final task knows only its own time. The job lasted from when its first task could begin to the end of the final
// one.
void take_times_of_job(const watch::GroupWatch& watch, Accounting& accounting) {
  const auto& begun = watch.group().begun;
  const auto& resolved = watch.final_task().resolved;
  if (begun.has_value() && resolved.has_value() && *resolved > *begun) accounting.elapsed = *resolved - *begun;
}

// Without a result, the accounting also says which result of an earlier run still exists.
Result<void> leave_accounting(const std::optional<std::string>& beside, Accounting& accounting) {
  if (!beside.has_value()) return {};
  const ResultFolder folder(result_paths(*beside, 1));
  if (accounting.files.empty()) folder.describe(accounting);
  return folder.write(accounting);
}

// Reports the error even if result.json cannot be written. Returns the exit status.
int end_with(GroupSession& session, const std::optional<std::string>& beside, const Error& error, Outcome outcome,
             int exit_status) {
  Accounting accounting{.outcome = outcome, .failure = error.message, .ended_with = exit_status};
  auto left = leave_accounting(beside, accounting);
  if (!left.ok()) session.sink().note(event::Level::kWarning, left.error().message);
  session.account_for(error, accounting);
  return exit_status;
}

Result<int> close_completed(GroupSession& session, const watch::GroupWatch& watch, const Leaves& leaves) {
  auto taken = take_result(session, watch, leaves.result);
  if (!taken.ok()) return result_is_missing(std::move(taken).error(), watch, session.api().now());
  Accounting& accounting = taken.value().accounting;
  accounting.job = watch.group().job;
  take_times_of_job(watch, accounting);
  TRY(leave_accounting(leaves.beside, accounting));
  return session.account(accounting, "");
}

Result<int> close_failed(GroupSession& session, const watch::GroupWatch& watch, const Leaves& leaves) {
  std::string cause = "the job failed: " + watch.why_failed();
  Accounting accounting{.outcome = Outcome::kFailed};
  if (has_failed(watch.final_task())) {
    auto report = read_report(session, watch, watch.final_task());
    if (report.ok()) {
      accounting = std::move(report.value().accounting);
      accounting.outcome = Outcome::kFailed;
      const bool is_said = !watch.final_task().cause.empty();
      if (!is_said && !accounting.failure.empty()) cause += fmt::format("; it said: {}", accounting.failure);
    } else if (report.error().kind != ErrorKind::kNotFound) {
      session.sink().note(event::Level::kWarning, "its accounting cannot be read: " + report.error().message);
    }
  }
  accounting.job = watch.group().job;
  accounting.result.clear();
  accounting.files.clear();
  accounting.ended_with.reset();
  accounting.failure = cause;
  take_times_of_job(watch, accounting);
  TRY(leave_accounting(leaves.beside, accounting));
  return session.account(accounting, cause);
}

}  // namespace

Result<int> close_group(GroupSession& session, const watch::GroupWatch& watch, watch::Ending ending,
                        const Leaves& leaves) {
  if (ending == watch::Ending::kCompleted) return close_completed(session, watch, leaves);
  return close_failed(session, watch, leaves);
}

bool is_about_this_machine(const Error& error) {
  constexpr int kFirstRefusal = 300;  // an HTTP status; no errno is as large
  return error.code > 0 && error.code < kFirstRefusal;
}

std::string cause_of(GroupSession& session, const watch::GroupWatch& watch, const WatchedTask& task) {
  auto report = read_report(session, watch, task);
  return report.ok() ? report.value().accounting.failure : "";
}

Result<int> close_unwatched(GroupSession& session, const Error& error, const Leaves& leaves) {
  return end_with(session, leaves.beside, error, Outcome::kStopped, kStatusUnwatched);
}

Result<int> account_for_failure(GroupSession& session, const std::optional<std::string>& beside,
                                const std::function<Result<int>()>& work) {
  Result<int> status = work();
  if (status.ok() || status.error().kind == ErrorKind::kBadConfig) return status;
  const Error& error = status.error();
  const bool was_stopped = session.was_stopped() && error.kind == ErrorKind::kStopped;
  return end_with(session, beside, error, was_stopped ? Outcome::kStopped : Outcome::kFailed,
                  session.exit_status_of(error));
}

}  // namespace quern::app
