#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "model/accounting.h"
#include "model/event.h"
#include "model/packed_inputs.h"
#include "model/progress.h"

namespace quern::limits {

// How many counters a job may have. Counts of further ones are added to a common counter.
inline constexpr std::size_t kMaxCounters = 10000;

}  // namespace quern::limits

namespace quern::app {

// What only the caller that ran the job knows about its end.
struct Ending {
  Outcome outcome = Outcome::kFailed;  // kDone becomes kDoneWithLosses automatically if something was lost
  std::string result = {};             // where the result is; "" if there is none
  std::uint64_t result_bytes = 0;
  std::string failure = {};  // one line, for kFailed and kStopped
  // As in the accounting.
  std::optional<std::uint64_t> sample_records = {};
  bool is_sample_full = false;
};

// Keeps the accounts of a run: adds up its events and returns the closing balance. Whatever happens, in whatever order,
// inputs found = mapped + failed + skipped, and records read = mapped + bad.
//
// An input counts as mapped when its end was verified and all its blocks were mapped. Records count when they were
// mapped, so if a failed input ends the run, those of its blocks that were mapped before count too. Bytes are those
// that were actually read and decoded, including those of failed inputs: they measure work and are not part of the
// balance.
//
// Thread-safe; an event costs a lock and a few additions, and only failed inputs and counters are kept.
class Accountant : public EventSink {
 public:
  // `inputs` is borrowed, and may still be filled until the first event about an input arrives.
  explicit Accountant(const InputList& inputs, Clock clock = std::chrono::steady_clock::now);

  void emit(const event::Event& event) override;
  // Returns the current state.
  Progress progress();
  // Returns the closing balance. Must be called once, after the last event.
  Accounting finish(Ending ending);

 private:
  struct Books {
    ProgressTally tally;
    std::map<InputOrdinal, Error> failed_inputs;
    std::map<std::pair<std::string, std::string>, std::int64_t> counters;
    std::vector<WantedPath> paths;
  };
  void count(Books& books, const event::Counted& counted);

  const InputList& inputs_;
  const Clock clock_;
  const ClockTime started_;
  Guarded<Books> books_;
};

}  // namespace quern::app
