#include "app/loss_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "services/process/cause.h"

namespace quern::app {
namespace {

std::string allowed(std::string_view limit, std::uint64_t count) {
  return fmt::format("limits.{} allows {}", limit, count == 0 ? "none" : fmt::format("no more than {}", count));
}

Error too_many_bad(const std::string& where, std::string_view where_label, const std::string& reason,
                   const std::string& details, std::uint64_t limit) {
  process::Cause cause{.what = "the job",
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
    if (!add_bad_record(bad->input)) return;
    fail(too_many_bad(fmt::format("{}, record {}", inputs_[bad->input].name, bad->line), "input", bad->reason,
                      bad->details, limits_.bad_records));
  } else if (const auto* group = std::get_if<event::GroupBad>(&event)) {
    if (!add_bad_group()) return;
    fail(too_many_bad(fmt::format("key '{}'", group->key), "key", group->reason, group->details, limits_.bad_records));
  } else if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
    auto losses = losses_.lock();
    state_of(*losses, decoded->input) = InputState::kVerified;
    losses->unverified.erase(decoded->input);
  } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    if (!add_failed_input(failed->input)) return;
    Error error = failed->error;
    error.message = fmt::format("{} failed: {}; {}", inputs_[failed->input].name, error.message,
                                allowed("failed_inputs", limits_.failed_inputs));
    fail(std::move(error));
  }
}

void LossPolicy::carry(std::uint64_t bad_records, std::uint64_t failed_inputs) {
  {
    auto losses = losses_.lock();
    losses->bad_records += bad_records;
    losses->failed_inputs += failed_inputs;
  }
  if (failed_inputs > limits_.failed_inputs) {
    fail({.kind = ErrorKind::kChildFailed,
          .message = fmt::format("{} of the job's inputs failed; {}", failed_inputs,
                                 allowed("failed_inputs", limits_.failed_inputs))});
  } else if (bad_records > limits_.bad_records) {
    fail({.kind = ErrorKind::kChildFailed,
          .message = fmt::format("{} of the job's records are bad; {}", bad_records,
                                 allowed("bad_records", limits_.bad_records))});
  }
}

LossPolicy::InputState& LossPolicy::state_of(Losses& losses, InputOrdinal input) {
  if (losses.inputs.size() <= input) losses.inputs.resize(std::max<std::size_t>(input + 1, losses.inputs.size() * 2));
  return losses.inputs[input];
}

bool LossPolicy::add_bad_record(InputOrdinal input) {
  auto losses = losses_.lock();
  InputState state = state_of(*losses, input);
  if (state == InputState::kDamaged) return false;
  ++losses->bad_records;
  if (state == InputState::kOpen) ++losses->unverified[input];
  if (losses->bad_records <= limits_.bad_records) return false;
  verify_inputs(*losses);
  return losses->bad_records > limits_.bad_records;
}

bool LossPolicy::add_bad_group() { return ++losses_.lock()->bad_records > limits_.bad_records; }

bool LossPolicy::add_failed_input(InputOrdinal input) {
  auto losses = losses_.lock();
  if (auto unverified = losses->unverified.find(input); unverified != losses->unverified.end()) {
    losses->bad_records -= unverified->second;
    losses->unverified.erase(unverified);
  }
  state_of(*losses, input) = InputState::kDamaged;
  return ++losses->failed_inputs > limits_.failed_inputs;
}

// Held up here are only threads that have an event to tell, and the job is most likely at its end.
void LossPolicy::verify_inputs(Losses& losses) {
  for (const auto& [input, bad_records] : std::exchange(losses.unverified, {})) {
    bool is_damaged = !verify_(input).ok();
    state_of(losses, input) = is_damaged ? InputState::kDamaged : InputState::kVerified;
    if (is_damaged) losses.bad_records -= bad_records;
  }
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
