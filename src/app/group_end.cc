#include "app/group_end.h"

#include <fmt/format.h>

#include <utility>

#include "app/fetch_result.h"
#include "services/taskcluster/root_url.h"
#include "stages/output/output.h"
#include "stages/results/results.h"

namespace quern::app {
namespace {

Result<TaskReport> read_final_report(GroupSession& session, const watch::GroupWatch& watch) {
  const WatchedTask& task = watch.final_task();
  const results::Source source{
      .task_id = task.id, .run_id = static_cast<int>(task.runs) - 1, .prefix = watch.artifact_prefix()};
  return results::read_report(session.api(), source, session.stop());
}

// The final task knows its own time; the job took from when its first task could begin to its end.
void take_times_of_job(const watch::GroupWatch& watch, Accounting& accounting) {
  const auto& begun = watch.group().begun;
  const auto& resolved = watch.final_task().resolved;
  if (begun.has_value() && resolved.has_value() && *resolved > *begun) accounting.elapsed = *resolved - *begun;
}

// Where a result that is not fetched stays.
std::string link_to_result(GroupSession& session, const watch::GroupWatch& watch, const TaskReport& report) {
  if (report.parts.empty()) return watch.group().page;
  const WatchedTask& task = watch.final_task();
  return taskcluster::artifact_url(session.api().access().root_url, task.id, static_cast<int>(task.runs) - 1,
                                   watch.artifact_prefix() + "/" + report.parts.front().name);
}

Result<int> close_completed(GroupSession& session, const watch::GroupWatch& watch,
                            const std::optional<std::string>& output) {
  TRY_ASSIGN(TaskReport report, read_final_report(session, watch));
  Accounting& accounting = report.accounting;
  accounting.job = watch.group().job;
  take_times_of_job(watch, accounting);
  if (!output.has_value()) {
    accounting.result = link_to_result(session, watch, report);
    return session.account(accounting, "");
  }
  TRY_ASSIGN(accounting.result_bytes, fetch_result(session, watch, report, *output));
  accounting.result = *output;
  if (*output != "-") TRY(output::write_accounting(accounting, path_beside(*output, kAccountingName)));
  return session.account(accounting, "");
}

Result<int> close_failed(GroupSession& session, const watch::GroupWatch& watch) {
  std::string cause = "the job failed: " + watch.why_failed();
  Accounting accounting{.outcome = Outcome::kFailed};
  if (has_failed(watch.final_task())) {
    auto report = read_final_report(session, watch);
    if (report.ok()) {
      accounting = std::move(report.value().accounting);
      accounting.outcome = Outcome::kFailed;
      if (!accounting.failure.empty()) cause += fmt::format("; it said: {}", accounting.failure);
    } else if (report.error().kind != ErrorKind::kNotFound) {
      session.sink().note(event::Level::kWarning, "its accounting cannot be read: " + report.error().message);
    }
  }
  accounting.job = watch.group().job;
  accounting.result.clear();
  accounting.failure = cause;
  take_times_of_job(watch, accounting);
  return session.account(accounting, cause);
}

}  // namespace

Result<int> close_group(GroupSession& session, const watch::GroupWatch& watch, watch::Ending ending,
                        const std::optional<std::string>& output) {
  if (ending == watch::Ending::kCompleted) return close_completed(session, watch, output);
  return close_failed(session, watch);
}

}  // namespace quern::app
