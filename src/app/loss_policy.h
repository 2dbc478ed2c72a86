#pragma once

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
class LossPolicy final : public EventSink {
 public:
  // All are borrowed. `stop` is requested with the first failure.
  LossPolicy(const JobLimits& limits, const std::vector<Input>& inputs, std::stop_source& stop)
      : limits_(limits), inputs_(inputs), stop_(stop) {}

  void emit(const event::Event& event) override;
  void fail(Error error);
  // The first failure: why the run was stopped.
  std::optional<Error> failure();

 private:
  struct Losses {
    std::uint64_t bad_records = 0;
    std::uint64_t failed_inputs = 0;
    std::optional<Error> failure;
  };
  bool counts_beyond_limit(std::uint64_t Losses::*count, std::uint64_t limit);

  const JobLimits& limits_;
  const std::vector<Input>& inputs_;
  std::stop_source& stop_;
  Guarded<Losses> losses_;
};

}  // namespace quern::app
