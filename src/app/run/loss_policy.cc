#include "app/run/loss_policy.h"

#include <fmt/format.h>

#include <tuple>
#include <utility>

#include "base/text.h"
#include "services/process/cause.h"

namespace quern::app {
namespace {

std::string allowed(std::string_view limit, std::uint64_t count) {
  return fmt::format("limits.{} allows {}", limit, count == 0 ? "none" : fmt::format("no more than {}", count));
}

// `input` is the one that the record is from; "" for a group.
Error too_many_bad(const std::string& where, const std::string& input, const std::string& reason,
                   const std::string& details, std::uint64_t limit) {
  const std::string look = input.empty() ? "`quern look` shows what an input contains"
                                         : fmt::format("`quern look {}` shows its format", shell_word(input));
  process::Cause cause{.what = "the job",
                       .where_label = input.empty() ? "key" : "input",
                       .where = where,
                       .how = details.empty() ? reason : reason + "\n" + details,
                       .action = "stopped the job: " + allowed("bad_records", limit),
                       .advice = fmt::format("fix the module or the record; {}, and `where` can skip such records; or "
                                             "raise limits.bad_records, and bad records are set aside in "
                                             "bad_records.txt",
                                             look)};
  return Error{.kind = ErrorKind::kChildFailed,
               .message = fmt::format("{} is bad: {}; {}", where, reason, allowed("bad_records", limit)),
               .details = process::cause_block(cause)};
}

std::string place_of(const event::RecordBad& bad, std::string_view counted) {
  return bad.line == 0 ? std::string("a written line") : fmt::format("{} {}", counted, bad.line);
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
    add(*bad, &Losses::first_record, Cause::kRecords);
  } else if (const auto* group = std::get_if<event::GroupBad>(&event)) {
    add(*group, &Losses::first_group, Cause::kGroups);
  } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    add_failed_input(*failed);
  }
}

bool LossPolicy::would_end(std::uint64_t bad_records) {
  return losses_.lock()->bad_records + bad_records > limits_.bad_records;
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

template <typename Bad>
void LossPolicy::add(const Bad& bad, std::optional<Bad> Losses::*first, Cause cause) {
  {
    auto losses = losses_.lock();
    ++losses->bad_records;
    keep_first(bad, (*losses).*first);
    if (losses->cause != Cause::kNone || losses->bad_records <= limits_.bad_records) return;
    losses->cause = cause;
  }
  stop_.request_stop();
}

void LossPolicy::add_failed_input(const event::InputFailed& failed) {
  const bool is_one_too_many = ++losses_.lock()->failed_inputs > limits_.failed_inputs;
  if (!is_one_too_many && !failed.was_begun) return;
  Error error = failed.error;
  error.message = fmt::format("{} failed: {}; {}", inputs_[failed.input].name, error.message,
                              is_one_too_many ? allowed("failed_inputs", limits_.failed_inputs)
                                              : "it has changed since it was verified, so start the job again");
  fail(std::move(error));
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
      const std::string input(inputs_[bad.input].name);
      return too_many_bad(fmt::format("{}, {}", input, place_of(bad, counted_)), input, bad.reason, bad.details,
                          limits_.bad_records);
    }
    case Cause::kGroups: {
      const event::GroupBad& bad = *losses->first_group;
      return too_many_bad(fmt::format("key '{}'", bad.key), "", bad.reason, bad.details, limits_.bad_records);
    }
    case Cause::kOther:
      return losses->other;
  }
  check_failed("a known cause", __FILE__, __LINE__);
}

}  // namespace quern::app
