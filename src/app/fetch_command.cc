#include <fmt/format.h>

#include <utility>

#include "app/commands.h"
#include "app/group/fetch_result.h"
#include "app/group/group_end.h"
#include "app/group/group_session.h"
#include "app/group/group_target.h"
#include "app/group/watch.h"

namespace quern::app {
namespace {

Result<int> fetch_to(GroupSession& session, const GroupTarget& target, const Leaves& leaves) {
  TRY(session.connect(target.root_url, target.patience));
  auto opened = watch::GroupWatch::open(session.api(), target.group_id, session.stop());
  if (!opened.ok()) return how_to_go_on(std::move(opened).error(), "fetch", target.group_id);
  const watch::GroupWatch& watch = opened.value();
  const watch::Ending ending = watch.ending(session.api().now());
  if (ending == watch::Ending::kNone) {
    return Error{.kind = ErrorKind::kRetry,
                 .message = fmt::format("there is no result yet: {} is {}; quern watch {} waits for it",
                                        watch.final_task().label, name_of(watch.final_task().state), target.group_id)};
  }
  auto closed = close_group(session, watch, ending, leaves);
  if (!closed.ok()) return how_to_go_on(std::move(closed).error(), "fetch", target.group_id);
  return closed;
}

Result<int> fetch(const CommandLine& line, GroupSession& session) {
  TRY_ASSIGN(GroupTarget target, find_group(line.tasks.target));
  Leaves leaves{.result = line.tasks.output.value_or(target.output), .beside = {}};
  TRY(check_output(*leaves.result, line, target.job.has_value() ? &*target.job : nullptr));
  if (leaves.result != "-") leaves.beside = leaves.result;
  return account_for_failure(session, leaves.beside, [&] { return fetch_to(session, target, leaves); });
}

}  // namespace

int fetch_command(const CommandLine& line) {
  return run_group_command(line, [&](GroupSession& session) { return fetch(line, session); });
}

}  // namespace quern::app
