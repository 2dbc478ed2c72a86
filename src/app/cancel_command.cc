#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "app/cli/console.h"
#include "app/commands.h"
#include "app/group/group_session.h"
#include "app/group/group_target.h"
#include "app/group/submit.h"

namespace quern::app {
namespace {

std::string in_words(const taskcluster::GroupCancellation& cancelled, const std::string& group_id) {
  const std::uint64_t ended = cancelled.group_size - std::min(cancelled.group_size, cancelled.cancelled_count);
  std::string text =
      fmt::format("cancelled {} of the {} tasks of {}", cancelled.cancelled_count, cancelled.group_size, group_id);
  if (ended > 0) text += fmt::format("; {} had ended before", ended);
  if (cancelled.cancelled_count > 0) text += ". A task that runs may take a quarter of an hour to notice";
  return text + "\n";
}

Result<int> cancel(const CommandLine& line, GroupSession& session) {
  TRY_ASSIGN(GroupTarget target, find_group(line.tasks.target));
  TRY(session.connect(target.root_url, target.patience));
  auto cancelled = submit::cancel_group(session.api(), target.group_id, session.stop());
  if (!cancelled.ok()) return how_to_go_on(std::move(cancelled).error(), "cancel", target.group_id);
  TRY(print(in_words(cancelled.value(), target.group_id)));
  return 0;
}

}  // namespace

int cancel_command(const CommandLine& line) {
  return run_group_command(line, [&](GroupSession& session) { return cancel(line, session); });
}

}  // namespace quern::app
