#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "model/event.h"
#include "model/input.h"
#include "model/job.h"

namespace quern::app {

// Decides when losses fail the job: counts bad records and failed inputs, and stops the run if there are more than the
// job allows. All other parts of app report here that the run cannot continue. Thread-safe.
//
// The first bad record beyond the limit ends the run immediately. But if the job allows inputs to fail, bad records of
// an input that fails do not count: they may be bad because it is damaged. Then, before bad records of an input that is
// not yet decoded to its end fail the job, the thread that reported the last of them reads that input to its end once
// more; no other thread waits for that.
class LossPolicy final : public EventSink {
 public:
  // Reads an input to its end; fails if it is damaged, or with kStopped. Blocks.
  using Verify = std::function<Result<void>(InputOrdinal, const std::stop_token&)>;

  // All parameters are borrowed. A stop is requested from `stop` with the first failure.
  LossPolicy(const JobLimits& limits, const std::vector<Input>& inputs, Verify verify, std::stop_source& stop)
      : limits_(limits), inputs_(inputs), verify_(std::move(verify)), stop_(stop) {}

  void emit(const event::Event& event) override;
  // Whether this many more bad records would end the job, whatever happens to their inputs. Then they need not wait for
  // the end of their block.
  bool would_end(std::uint64_t bad_records);
  // Adds the losses of other tasks of the job; limits apply to the sum.
  void carry(std::uint64_t bad_records, std::uint64_t failed_inputs);
  void fail(Error error);
  // Returns the first failure, which is why the run was stopped. If it is about bad records, it names the first of
  // those known so far in input order; so it should be called after the run has ended.
  std::optional<Error> failure();

 private:
  enum class InputState : std::uint8_t { kOpen, kVerified, kDamaged };
  struct BadOnes {
    std::uint64_t count = 0;
    std::optional<event::RecordBad> first;
  };
  enum class Cause : std::uint8_t { kNone, kRecords, kGroups, kOther };
  struct Losses {
    std::uint64_t bad_records = 0;  // records that count in any case, and bad groups
    std::uint64_t failed_inputs = 0;
    std::optional<event::RecordBad> first_record;
    std::optional<event::GroupBad> first_group;
    std::map<InputOrdinal, BadOnes> unverified;  // of inputs that are not decoded to their end yet
    std::uint64_t unverified_records = 0;        // total of `unverified`
    bool is_verifying = false;                   // whether a thread is verifying
    std::vector<InputState> inputs;              // covers all inputs that have been reported so far
    Cause cause = Cause::kNone;                  // why the run fails
    Error other;                                 // the failure, if `cause` is kOther
  };
  static InputState& state_of(Losses& losses, InputOrdinal input);
  static void settle(Losses& losses, InputOrdinal input, InputState state);
  void add_bad_record(const event::RecordBad& bad);
  void add_bad_group(const event::GroupBad& bad);
  void add_decoded_input(InputOrdinal input);
  void add_failed_input(const event::InputFailed& failed);
  // Returns true if this loss makes them too many; `cause` is then recorded, and the caller must stop the run after it
  // has released the lock.
  bool are_too_many(Losses& losses, Cause cause) const;
  std::optional<InputOrdinal> next_to_verify(Losses& losses) const;
  void verify_inputs();

  const JobLimits& limits_;
  const std::vector<Input>& inputs_;
  const Verify verify_;
  std::stop_source& stop_;
  Guarded<Losses> losses_;
};

}  // namespace quern::app
