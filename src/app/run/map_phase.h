#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "app/run/run.h"
#include "base/result.h"
#include "model/block.h"
#include "model/job.h"
#include "model/pair.h"
#include "services/json/selection.h"

namespace quern::app {

// Where the output of the mappers goes.
struct MapOutput {
  PairOutput form;  // of a `function` or built-in mapper; programs write text
  std::function<std::unique_ptr<BlockSink>()> make_sink;
  // Blocks until all modules of the job are loaded.
  std::function<Result<void>(const std::stop_token& stop)> begin;
};

// From inputs to pairs: decoders and mapper children. Blocks until every input has arrived and is mapped, or has
// failed.
Result<void> run_map_phase(const Run& run, const MapOutput& output);

// The job's `fields` and `where`. Only JSON records have fields to select; for others the selection is empty.
Result<json::Selection> selection_of(const Job& job);

// limits.processes, or the number of processors that this process may use.
std::size_t processes_of(const Job& job);

// The part of limits.memory for output of `lines` and `files` children that does not count yet. The rest is for output
// that counts.
std::uint64_t held_output_bytes(const Job& job);

}  // namespace quern::app
