#include "app/loss_policy.h"

#include <fmt/format.h>

#include <utility>

#include "services/process/cause.h"

namespace quern::app {
namespace {

std::string allowed(std::string_view limit, std::uint64_t count) {
  return fmt::format("limits.{} allows {}", limit, count == 0 ? "none" : fmt::format("no more than {}", count));
}

Error too_many_bad(const std::string& where, std::string_view where_label, const std::string& reason,
                   const std::string& details, std::uint64_t limit) {
  process::Cause cause{.what = where,
                       .where_label = std::string(where_label),
                       .where = where,
                       .how = details.empty() ? reason : reason + "\n" + details,
                       .action = "stopped the job: " + allowed("bad_records", limit),
                       .advice =
                           "mend the module or the record; or raise limits.bad_records, and bad records are set "
                           "aside in bad_records.txt"};
  return Error{.kind = ErrorKind::kChildFailed,
               .message = fmt::format("{} is bad: {}; {}", where, reason, allowed("bad_records", limit)),
               .details = process::cause_block(cause)};
}

}  // namespace

void LossPolicy::emit(const event::Event& event) {
  if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
    if (!counts_beyond_limit(&Losses::bad_records, limits_.bad_records)) return;
    fail(too_many_bad(fmt::format("{}, record {}", inputs_[bad->input].name, bad->line), "input", bad->reason,
                      bad->details, limits_.bad_records));
  } else if (const auto* group = std::get_if<event::GroupBad>(&event)) {
    if (!counts_beyond_limit(&Losses::bad_records, limits_.bad_records)) return;
    fail(too_many_bad(fmt::format("key '{}'", group->key), "key", group->reason, group->details, limits_.bad_records));
  } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    if (!counts_beyond_limit(&Losses::failed_inputs, limits_.failed_inputs)) return;
    Error error = failed->error;
    error.message = fmt::format("{} failed: {}; {}", inputs_[failed->input].name, error.message,
                                allowed("failed_inputs", limits_.failed_inputs));
    fail(std::move(error));
  }
}

bool LossPolicy::counts_beyond_limit(std::uint64_t Losses::*count, std::uint64_t limit) {
  auto losses = losses_.lock();
  return ++((*losses).*count) > limit;
}

void LossPolicy::fail(Error error) {
  {
    auto losses = losses_.lock();
    if (!losses->failure.has_value()) losses->failure = std::move(error);
  }
  stop_.request_stop();
}

std::optional<Error> LossPolicy::failure() { return losses_.lock()->failure; }

}  // namespace quern::app
