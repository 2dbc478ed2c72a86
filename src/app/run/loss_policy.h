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

// Decides when losses fail the job: counts bad records and failed inputs, and stops the run when there are more than
// the job allows. Also the one place where other parts of app say that the run cannot go on. Any thread may call.
//
// The first bad record beyond the limit ends the run at once. But where the job allows inputs to fail, bad records of
// one that fails do not count: they may be bad because it is damaged. There, before bad records of an input that is not
// yet decoded to its end fail the job, that input is read to its end once more, by the thread that told the last of
// them; nobody else waits for that.
class LossPolicy final : public EventSink {
 public:
  // Reads an input to its end; an error if it is damaged, or kStopped. Blocks.
  using Verify = std::function<Result<void>(InputOrdinal, const std::stop_token&)>;

  // All are borrowed. `stop` is requested with the first failure.
  LossPolicy(const JobLimits& limits, const std::vector<Input>& inputs, Verify verify, std::stop_source& stop)
      : limits_(limits), inputs_(inputs), verify_(std::move(verify)), stop_(stop) {}

  void emit(const event::Event& event) override;
  // Whether so many further bad records end the job, whatever becomes of their inputs. They need not wait for the end
  // of their block then.
  bool would_end(std::uint64_t bad_records);
  // What other tasks of the job have lost already, of which every limit has to hold the sum.
  void carry(std::uint64_t bad_records, std::uint64_t failed_inputs);
  void fail(Error error);
  // The first failure: why the run was stopped. Of the bad records that are known until now it names the first one in
  // the order of the inputs, so ask when the run has ended.
  std::optional<Error> failure();

 private:
  enum class InputState : std::uint8_t { kOpen, kVerified, kDamaged };
  struct BadOnes {
    std::uint64_t count = 0;
    std::optional<event::RecordBad> first;
  };
  enum class Cause : std::uint8_t { kNone, kRecords, kGroups, kOther };
  struct Losses {
    std::uint64_t bad_records = 0;  // that count, whatever comes, and bad groups
    std::uint64_t failed_inputs = 0;
    std::optional<event::RecordBad> first_record;
    std::optional<event::GroupBad> first_group;
    std::map<InputOrdinal, BadOnes> unverified;  // of inputs that are not yet decoded to their end
    std::uint64_t unverified_records = 0;        // in all of them
    bool is_verifying = false;                   // some thread does
    std::vector<InputState> inputs;              // as long as the inputs that were heard of
    Cause cause = Cause::kNone;                  // of the failure
    Error other;                                 // the failure, if `cause` is kOther
  };
  static InputState& state_of(Losses& losses, InputOrdinal input);
  static void settle(Losses& losses, InputOrdinal input, InputState state);
  void add_bad_record(const event::RecordBad& bad);
  void add_bad_group(const event::GroupBad& bad);
  void add_decoded_input(InputOrdinal input);
  void add_failed_input(const event::InputFailed& failed);
  // True: now there are too many, for this cause, and the run must be stopped once the lock is given back.
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
