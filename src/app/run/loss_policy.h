#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "model/event.h"
#include "model/job.h"
#include "model/packed_inputs.h"

namespace quern::app {

// Decides when losses fail the job: counts bad records and failed inputs, and stops the run if there are more than the
// job allows. All other parts of app report here that the run cannot continue. Thread-safe.
//
// The first bad record beyond the limit ends the run immediately. If the job allows inputs to fail, no record of an
// input is seen before the input is verified (docs/decisions/0034), so a bad record never comes from a failed input.
class LossPolicy final : public EventSink {
 public:
  // All references are borrowed. A stop is requested from `stop` with the first failure. `counted` is what the numbers
  // of records count: "line" (counted_word()).
  LossPolicy(const JobLimits& limits, const PackedInputs& inputs, std::stop_source& stop,
             std::string_view counted = "line")
      : limits_(limits), inputs_(inputs), stop_(stop), counted_(counted) {}

  void emit(const event::Event& event) override;
  // Whether this many more bad records would end the job. Then they need not wait for the end of their block.
  bool would_end(std::uint64_t bad_records);
  // Adds the losses of other tasks of the job; limits apply to the sum.
  void carry(std::uint64_t bad_records, std::uint64_t failed_inputs);
  void fail(Error error);
  // Returns the first failure, which is why the run was stopped. If it is about bad records, it names the first of
  // those known so far in input order; so it should be called after the run has ended.
  std::optional<Error> failure();

 private:
  enum class Cause : std::uint8_t { kNone, kRecords, kGroups, kOther };
  struct Losses {
    std::uint64_t bad_records = 0;  // and bad groups
    std::uint64_t failed_inputs = 0;
    std::optional<event::RecordBad> first_record;
    std::optional<event::GroupBad> first_group;
    Cause cause = Cause::kNone;  // why the run fails
    Error other;                 // the failure, if `cause` is kOther
  };
  // Counts a bad record or group. If it is one too many, records `cause` and stops the run.
  template <typename Bad>
  void add(const Bad& bad, std::optional<Bad> Losses::*first, Cause cause);
  void add_failed_input(const event::InputFailed& failed);

  const JobLimits& limits_;
  const PackedInputs& inputs_;
  std::stop_source& stop_;
  const std::string_view counted_;
  Guarded<Losses> losses_;
};

}  // namespace quern::app
