#include "app/watch_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "app/group/fetch_result.h"
#include "app/group/group_end.h"
#include "app/group/group_target.h"
#include "app/group/job_plan.h"
#include "app/group/rerun.h"
#include "app/group/watch.h"

namespace quern::app {
namespace {

std::string watch_again(const std::string& group_id, const WatchOptions& options) {
  const bool runs_again = options.retries > 0 && !options.takes_cancelled;
  return fmt::format("to watch it again:  quern watch {}{}", group_id,
                     runs_again ? fmt::format(" --retry {}", options.retries) : "");
}

Error still_going(Error error, const watch::GroupWatch& watch, const WatchOptions& options) {
  error.message = fmt::format("stopped watching; the job goes on at {}", watch.group().page);
  error.details =
      fmt::format("{}\nto end it:  quern cancel {}", watch_again(watch.group().id, options), watch.group().id);
  return error;
}

// A refusal, or a deployment that does not answer, ends the watch but not the job.
Result<int> end_watch(GroupSession& session, Error error, std::string_view how_job_is, const std::string& group_id,
                      const WatchOptions& options) {
  error.message = fmt::format("the job of the task group {} {}: {}", group_id, how_job_is, error.message);
  error.details = error.kind == ErrorKind::kRetry ? "the task group is left as it is\n" : "";
  error.details += fmt::format("{}\nto fetch its result:  quern fetch {}", watch_again(group_id, options), group_id);
  if (options.takes_cancelled) error.details += fmt::format("\nto run tasks again:  quern retry {}", group_id);
  return close_unwatched(session, error, options.leaves);
}

bool says_nothing_of_the_job(const Error& error) {
  return error.kind == ErrorKind::kRetry || (error.kind == ErrorKind::kDenied && !is_about_this_machine(error));
}

// The tasks have the job's folder as it was when they were created, and a retry cannot change that.
void compare_folder(GroupSession& session, const watch::GroupWatch& watch, const Job& job) {
  if (watch.packed_job().empty()) return;
  const auto changed = has_folder_changed(job, watch.packed_job());
  if (changed.ok() && !changed.value()) return;
  session.sink().note(
      event::Level::kWarning,
      fmt::format(
          "{}: the tasks carry the job as it was when they were created, and run that old code again; to run the "
          "job as it is now, create new tasks with quern submit",
          changed.ok() ? fmt::format("the folder {} has changed since the tasks were created", job.folder)
                       : fmt::format("whether the folder {} has changed cannot be told ({})", job.folder,
                                     changed.error().message)));
}

// Only announces what will be run again, as some of it starts later.
Result<void> begin_retry(GroupSession& session, const watch::GroupWatch& watch, const watch::Rerun& rerun) {
  TRY(rerun.check(session.api().now()));
  const auto& tasks = watch.group().tasks;
  const auto failed = std::count_if(tasks.begin(), tasks.end(), has_failed);
  session.sink().note(event::Level::kInfo,
                      failed == 0 ? std::string("no task has failed; it is looked whether the result is there")
                                  : fmt::format("running {} failed {} again", failed, failed == 1 ? "task" : "tasks"));
  return {};
}

Result<int> watch_target(const CommandLine& line, GroupSession& session, bool is_retry) {
  TRY_ASSIGN(GroupTarget target, find_group(line.tasks.target));
  // After a retry, the accounting of the earlier failure no longer applies.
  Leaves leaves;
  if (is_retry && target.output != "-") leaves.beside = target.output;
  return account_for_failure(session, leaves.beside, [&]() -> Result<int> {
    TRY(session.connect(target.root_url, target.patience));
    return watch_group(session, target.group_id,
                       {.poll = line.tasks.poll,
                        .retries = is_retry ? 1 : line.tasks.retries,
                        .takes_cancelled = is_retry,
                        .job = target.job,
                        .leaves = leaves});
  });
}

Result<int> watch_to_close(GroupSession& session, const std::string& group_id, const WatchOptions& options) {
  constexpr std::string_view kGoesOn = "goes on, but it cannot be watched";
  auto opened = watch::GroupWatch::open(session.api(), group_id, session.stop());
  if (!opened.ok() && says_nothing_of_the_job(opened.error())) {
    return end_watch(session, std::move(opened).error(), kGoesOn, group_id, options);
  }
  TRY_ASSIGN(watch::GroupWatch watch, std::move(opened));
  watch.explain_with([&](const WatchedTask& task) { return cause_of(session, watch, task); });
  session.sink().found(watch.group());
  std::optional<watch::Rerun> rerun;
  if (options.retries > 0) {
    auto look = [&](const std::vector<std::size_t>& tasks, const std::stop_token& stop) {
      return look_at_left_parts(session, watch, tasks, stop);
    };
    auto begin = [&] {
      if (options.job.has_value()) compare_folder(session, watch, *options.job);
    };
    rerun.emplace(session.api(), watch,
                  watch::Rerun::Options{.times = options.retries,
                                        .takes_cancelled = options.takes_cancelled,
                                        .look = std::move(look),
                                        .begin = std::move(begin)});
  }
  if (options.takes_cancelled) TRY(begin_retry(session, watch, *rerun));
  auto ending = watch::watch_to_end(watch, session.sink(), {.longest = options.poll},
                                    rerun.has_value() ? &*rerun : nullptr, session.stop());
  if (!ending.ok() && ending.error().kind == ErrorKind::kStopped) {
    return still_going(std::move(ending).error(), watch, options);
  }
  if (!ending.ok()) {
    // If the job has ended, the error is that a retry was refused.
    if (watch.ending(session.api().now()) != watch::Ending::kNone) return std::move(ending).error();
    return end_watch(session, std::move(ending).error(), kGoesOn, group_id, options);
  }
  auto closed = close_group(session, watch, ending.value(), options.leaves);
  if (closed.ok() || !says_nothing_of_the_job(closed.error())) return closed;
  return end_watch(session, std::move(closed).error(), "has completed, but what it left cannot be read", group_id,
                   options);
}

}  // namespace

Result<int> watch_group(GroupSession& session, const std::string& group_id, const WatchOptions& options) {
  auto status = watch_to_close(session, group_id, options);
  if (status.ok()) return status;
  return how_to_go_on(std::move(status).error(), options.takes_cancelled ? "retry" : "watch", group_id);
}

int watch_command(const CommandLine& line) {
  return run_group_command(line, [&](GroupSession& session) { return watch_target(line, session, false); });
}

int retry_command(const CommandLine& line) {
  return run_group_command(line, [&](GroupSession& session) { return watch_target(line, session, true); });
}

}  // namespace quern::app
