#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
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
// Bad records of an input that fails later do not count: they may be bad because the input is damaged. So before bad
// records of an input that is not yet decoded to its end fail the job, that input is read to its end once more.
class LossPolicy final : public EventSink {
 public:
  // Reads an input to its end; an error if it is damaged. Blocks.
  using Verify = std::function<Result<void>(InputOrdinal)>;

  // All are borrowed. `stop` is requested with the first failure.
  LossPolicy(const JobLimits& limits, const std::vector<Input>& inputs, Verify verify, std::stop_source& stop)
      : limits_(limits), inputs_(inputs), verify_(std::move(verify)), stop_(stop) {}

  void emit(const event::Event& event) override;
  // What other tasks of the job have lost already, of which every limit has to hold the sum.
  void carry(std::uint64_t bad_records, std::uint64_t failed_inputs);
  void fail(Error error);
  // The first failure: why the run was stopped.
  std::optional<Error> failure();

 private:
  enum class InputState : std::uint8_t { kOpen, kVerified, kDamaged };
  struct Losses {
    std::uint64_t bad_records = 0;
    std::uint64_t failed_inputs = 0;
    std::map<InputOrdinal, std::uint64_t> unverified;  // bad records of inputs that are not yet decoded to their end
    std::vector<InputState> inputs;                    // as long as the inputs that were heard of
    std::optional<Error> failure;
  };
  static InputState& state_of(Losses& losses, InputOrdinal input);
  // Each says whether this loss is one too many.
  bool add_bad_record(InputOrdinal input);
  bool add_bad_group();
  bool add_failed_input(InputOrdinal input);
  void verify_inputs(Losses& losses);

  const JobLimits& limits_;
  const std::vector<Input>& inputs_;
  const Verify verify_;
  std::stop_source& stop_;
  Guarded<Losses> losses_;
};

}  // namespace quern::app
