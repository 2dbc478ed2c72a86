#include "app/watch_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "app/group_end.h"
#include "app/group_target.h"
#include "app/left_parts.h"
#include "stages/watch/rerun.h"
#include "stages/watch/watch.h"

namespace quern::app {
namespace {

Error still_going(Error error, const watch::GroupWatch& watch) {
  error.message = fmt::format("stopped watching; the job goes on at {}", watch.group().page);
  error.details = fmt::format("to watch it again:  quern watch {}\nto end it:  quern cancel {}", watch.group().id,
                              watch.group().id);
  return error;
}

// What there is to run again is said, as some of it comes later.
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
  // A job that was run again has other books than those that its failure left.
  Leaves leaves;
  if (is_retry && target.output != "-") leaves.beside = target.output;
  return account_for_failure(session, leaves.beside, [&]() -> Result<int> {
    TRY(session.connect(target.root_url, target.patience));
    return watch_group(session, target.group_id,
                       {.poll = line.tasks.poll,
                        .retries = is_retry ? 1 : line.tasks.retries,
                        .takes_cancelled = is_retry,
                        .leaves = leaves});
  });
}

Result<int> watch_to_close(GroupSession& session, const std::string& group_id, const WatchOptions& options) {
  TRY_ASSIGN(watch::GroupWatch watch, watch::GroupWatch::open(session.api(), group_id, session.stop()));
  session.sink().found(watch.group());
  std::optional<watch::Rerun> rerun;
  if (options.retries > 0) {
    auto look = [&](const std::vector<std::size_t>& tasks, const std::stop_token& stop) {
      return look_at_left_parts(session, watch, tasks, stop);
    };
    rerun.emplace(session.api(), watch,
                  watch::Rerun::Options{
                      .times = options.retries, .takes_cancelled = options.takes_cancelled, .look = std::move(look)});
  }
  if (options.takes_cancelled) TRY(begin_retry(session, watch, *rerun));
  auto ending = watch::watch_to_end(watch, session.sink(), {.longest = options.poll},
                                    rerun.has_value() ? &*rerun : nullptr, session.stop());
  if (!ending.ok() && ending.error().kind == ErrorKind::kStopped) return still_going(std::move(ending).error(), watch);
  if (!ending.ok()) return std::move(ending).error();
  return close_group(session, watch, ending.value(), options.leaves);
}

}  // namespace

Result<int> watch_group(GroupSession& session, const std::string& group_id, const WatchOptions& options) {
  auto status = watch_to_close(session, group_id, options);
  if (status.ok()) return status;
  const char* again = options.takes_cancelled ? "retry" : options.leaves.result.has_value() ? "fetch" : "watch";
  return how_to_go_on(std::move(status).error(), again, group_id);
}

int watch_command(const CommandLine& line) {
  return run_group_command(line, [&](GroupSession& session) { return watch_target(line, session, false); });
}

int retry_command(const CommandLine& line) {
  return run_group_command(line, [&](GroupSession& session) { return watch_target(line, session, true); });
}

}  // namespace quern::app
