#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "model/accounting.h"
#include "model/event.h"
#include "model/input.h"
#include "model/progress.h"

namespace quern::app {

// What only the one who ran the job knows about its end.
struct Ending {
  Outcome outcome = Outcome::kFailed;  // kDone becomes kDoneWithLosses by itself where something was lost
  std::string result = {};             // where the result is; "" if there is none
  std::uint64_t result_bytes = 0;
  std::string failure = {};  // one line, if outcome is kFailed or kStopped
};

// Keeps the books of a run: adds up its events and gives the closing balance. Whatever happened, and in whatever order,
// inputs found = mapped + failed + skipped, and records read = mapped + bad.
//
// An input is mapped when its end was verified and all its blocks were mapped. Records of a failed input do not count;
// those of an input that was still in work when the run ended do, since they were mapped. The bytes are what was really
// read and decoded, from failed inputs too: they measure work, and no balance.
//
// Any thread may call; an event costs a lock and a few additions, and only failed inputs and counters are kept.
class Accountant : public EventSink {
 public:
  // `inputs` is borrowed, and may still be filled until the first event about an input comes.
  explicit Accountant(const InputList& inputs, Clock clock = std::chrono::steady_clock::now);

  void emit(const event::Event& event) override;
  // How things stand now.
  Progress progress();
  // Closes the books; call it once, after the last event.
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
