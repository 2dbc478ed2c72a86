#include "app/run/loss_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
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

std::string place_of(const event::RecordBad& bad) {
  return bad.line == 0 ? std::string("a written line") : fmt::format("record {}", bad.line);
}

// Keeps the one that comes first in input order.
void keep_first(const event::RecordBad& bad, std::optional<event::RecordBad>& first) {
  if (!first.has_value() || std::tie(bad.input, bad.line) < std::tie(first->input, first->line)) first = bad;
}

void keep_first(const event::GroupBad& bad, std::optional<event::GroupBad>& first) {
  if (!first.has_value() || std::tie(bad.pair, bad.key) < std::tie(first->pair, first->key)) first = bad;
}

}  // namespace

void LossPolicy::emit(const event::Event& event) {
  if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
    add_bad_record(*bad);
  } else if (const auto* group = std::get_if<event::GroupBad>(&event)) {
    add_bad_group(*group);
  } else if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
    add_decoded_input(decoded->input);
  } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    add_failed_input(*failed);
  }
}

bool LossPolicy::would_end(std::uint64_t bad_records) {
  return limits_.failed_inputs == 0 && losses_.lock()->bad_records + bad_records > limits_.bad_records;
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

// Called when it becomes known whether this input's bad records count.
void LossPolicy::settle(Losses& losses, InputOrdinal input, InputState state) {
  state_of(losses, input) = state;
  auto found = losses.unverified.find(input);
  if (found == losses.unverified.end()) return;
  losses.unverified_records -= found->second.count;
  if (state == InputState::kVerified) {
    losses.bad_records += found->second.count;
    keep_first(*found->second.first, losses.first_record);
  }
  losses.unverified.erase(found);
}

bool LossPolicy::are_too_many(Losses& losses, Cause cause) const {
  if (losses.cause != Cause::kNone || losses.bad_records <= limits_.bad_records) return false;
  losses.cause = cause;
  return true;
}

void LossPolicy::add_bad_record(const event::RecordBad& bad) {
  bool has_failed = false;
  bool must_verify = false;
  {
    auto losses = losses_.lock();
    InputState state = state_of(*losses, bad.input);
    if (state == InputState::kDamaged) return;
    if (state == InputState::kVerified || limits_.failed_inputs == 0) {
      ++losses->bad_records;
      keep_first(bad, losses->first_record);
    } else {
      BadOnes& ones = losses->unverified[bad.input];
      ++ones.count;
      ++losses->unverified_records;
      keep_first(bad, ones.first);
    }
    has_failed = are_too_many(*losses, Cause::kRecords);
    // A thread that is already verifying will see these too.
    must_verify = !losses->is_verifying && next_to_verify(*losses).has_value();
    losses->is_verifying |= must_verify;
  }
  if (has_failed) stop_.request_stop();
  if (must_verify) verify_inputs();
}

void LossPolicy::add_bad_group(const event::GroupBad& bad) {
  bool has_failed = false;
  {
    auto losses = losses_.lock();
    ++losses->bad_records;
    keep_first(bad, losses->first_group);
    has_failed = are_too_many(*losses, Cause::kGroups);
  }
  if (has_failed) stop_.request_stop();
}

void LossPolicy::add_decoded_input(InputOrdinal input) {
  bool has_failed = false;
  {
    auto losses = losses_.lock();
    settle(*losses, input, InputState::kVerified);
    has_failed = are_too_many(*losses, Cause::kRecords);
  }
  if (has_failed) stop_.request_stop();
}

void LossPolicy::add_failed_input(const event::InputFailed& failed) {
  {
    auto losses = losses_.lock();
    settle(*losses, failed.input, InputState::kDamaged);
    if (++losses->failed_inputs <= limits_.failed_inputs) return;
  }
  Error error = failed.error;
  error.message = fmt::format("{} failed: {}; {}", inputs_[failed.input].name, error.message,
                              allowed("failed_inputs", limits_.failed_inputs));
  fail(std::move(error));
}

// Returns the next input that must be verified. Empty if the rest of the inputs cannot change whether the job fails.
std::optional<InputOrdinal> LossPolicy::next_to_verify(Losses& losses) const {
  bool matters = losses.cause == Cause::kNone && losses.bad_records + losses.unverified_records > limits_.bad_records;
  if (!matters || losses.unverified.empty()) return std::nullopt;
  return losses.unverified.begin()->first;
}

void LossPolicy::verify_inputs() {
  const std::stop_token stop = stop_.get_token();
  while (true) {
    std::optional<InputOrdinal> input;
    {
      auto losses = losses_.lock();
      if (!stop.stop_requested()) input = next_to_verify(*losses);
      losses->is_verifying = input.has_value();
    }
    if (!input.has_value()) return;
    Result<void> verified = verify_(*input, stop);
    if (!verified.ok() && verified.error().kind == ErrorKind::kStopped) continue;
    bool has_failed = false;
    {
      auto losses = losses_.lock();
      // The input may have ended by itself in the meantime.
      if (state_of(*losses, *input) == InputState::kOpen) {
        settle(*losses, *input, verified.ok() ? InputState::kVerified : InputState::kDamaged);
      }
      has_failed = are_too_many(*losses, Cause::kRecords);
    }
    if (has_failed) stop_.request_stop();
  }
}

void LossPolicy::fail(Error error) {
  {
    auto losses = losses_.lock();
    if (losses->cause == Cause::kNone) {
      losses->cause = Cause::kOther;
      losses->other = std::move(error);
    }
  }
  stop_.request_stop();
}

std::optional<Error> LossPolicy::failure() {
  auto losses = losses_.lock();
  switch (losses->cause) {
    case Cause::kNone:
      return std::nullopt;
    case Cause::kRecords: {
      const event::RecordBad& bad = *losses->first_record;
      return too_many_bad(fmt::format("{}, {}", inputs_[bad.input].name, place_of(bad)), "input", bad.reason,
                          bad.details, limits_.bad_records);
    }
    case Cause::kGroups: {
      const event::GroupBad& bad = *losses->first_group;
      return too_many_bad(fmt::format("key '{}'", bad.key), "key", bad.reason, bad.details, limits_.bad_records);
    }
    case Cause::kOther:
      return losses->other;
  }
  check_failed("a known cause", __FILE__, __LINE__);
}

}  // namespace quern::app
