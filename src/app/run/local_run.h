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

// The parameters of a run on this machine. Everything is borrowed for the whole run.
struct LocalRun {
  const Job& job;
  const InputList& inputs;
  InputSupply& supply;         // of these inputs
  std::string output;          // path of the result, or "-"
  std::string scratch_parent;  // "" means TMPDIR
  EventSink& events;           // receives all events and forwards them to `policy`
  LossPolicy& policy;
  std::stop_source& stop;  // of the whole run
  // The result, and the inputs of quern reduce, are text. Other steps and tasks of the job exchange pairs.
  PairOutput gives = {.is_text = true};
  bool reads_text = true;
  // The files at the place of the result; nullptr if they need not be accounted for.
  const ResultFolder* folder = nullptr;
};

struct LocalRunResult {
  std::uint64_t result_bytes = 0;
};

// The number of results: with `result.parts: keep`, one for each reducer of the last step.
std::size_t run_results(const Job& job);

// Runs the whole job in this process: decode, map, shuffle, reduce, write. Blocks. The result appears only if all of it
// succeeds; failures within the limits of the job are not an error.
Result<LocalRunResult> run_locally(const LocalRun& run);

}  // namespace quern::app
