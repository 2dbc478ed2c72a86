#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "model/event.h"
#include "model/input.h"
#include "model/job.h"
#include "model/pair.h"

namespace quern::app {

class InputSupply;
class LossPolicy;
class ResultFolder;

// What a run on this machine is made of. All is borrowed for the whole run.
struct LocalRun {
  const Job& job;
  const InputList& inputs;
  InputSupply& supply;         // of these inputs
  std::string output;          // path of the result, or "-"
  std::string scratch_parent;  // "" means TMPDIR
  EventSink& events;           // of everything; knows `policy`
  LossPolicy& policy;
  std::stop_source& stop;  // of the whole run
  // The result, and what quern reduce finds in its inputs, is text. Other steps and tasks of the job are handed pairs.
  PairOutput gives = {.is_text = true};
  bool reads_text = true;
  // What stands where the result goes; none: nothing that anybody accounts for.
  const ResultFolder* folder = nullptr;
};

struct LocalRunResult {
  std::uint64_t result_bytes = 0;
};

// How many results it has: with `result.parts: keep` one for each reducer of the last step.
std::size_t run_results(const Job& job);

// The whole job in this process: decode, map, shuffle, reduce, write. Blocks. The result appears only if all of it
// succeeds; a failure within the limits of the job is no error.
Result<LocalRunResult> run_locally(const LocalRun& run);

}  // namespace quern::app
