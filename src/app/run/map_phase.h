#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "app/remote/input_supply.h"
#include "base/result.h"
#include "model/block.h"
#include "model/event.h"
#include "model/input.h"
#include "model/job.h"
#include "model/pair.h"
#include "stages/decode/decode.h"

namespace quern::process {
class Guard;
}

namespace quern::app {

class LossPolicy;

// From inputs to pairs: decoders and mapper children. Everything is borrowed.
struct MapPhase {
  const Job& job;
  const Step& step;
  PairOutput output;  // of a `function` or built-in mapper; programs write text
  const InputList& inputs;
  InputSupply& supply;
  std::string scratch_folder;
  std::size_t processes = 1;
  process::Guard& guard;
  EventSink& events;
  LossPolicy& policy;
  std::function<std::unique_ptr<BlockSink>()> make_sink;
  // Blocks until all modules of the job are loaded.
  std::function<Result<void>(const std::stop_token& stop)> begin;
};

// Blocks until every input has arrived and is mapped, or has failed.
Result<void> run_map_phase(const MapPhase& phase, const std::stop_token& stop);

// How the inputs of this job are decoded.
decode::DecodeOptions decode_options(const Job& job);

// limits.processes, or the number of processors that this process may use.
std::size_t processes_of(const Job& job);

// The part of limits.memory for output of `lines` and `files` children that does not count yet. The rest is for output
// that counts.
std::uint64_t held_output_bytes(const Job& job);

}  // namespace quern::app
