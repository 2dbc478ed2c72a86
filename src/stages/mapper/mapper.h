#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/block.h"
#include "model/event.h"
#include "model/job.h"
#include "model/limits.h"
#include "model/packed_inputs.h"
#include "model/pair.h"
#include "services/process/module_messages.h"
#include "services/process/session.h"

// Feeds records to mapper children and collects their output. Each child has a thread of its own that starts it, feeds
// it, reads its output, and replaces it if it dies.

namespace quern::mapper {

class UnitQueue;

struct MapperOptions {
  const Module* module = nullptr;
  std::string job_folder;      // absolute
  std::string scratch_folder;  // contains each child's working folder
  RecordKind record = RecordKind::kKeyedJson;
  std::string_view counted = "line";  // what the numbers of records count, for messages (counted_word())
  std::string separator;
  PairOutput output;                    // the form of a `function` child's pairs; other children write lines of text
  ValueRule rule;                       // a record is bad if the rule refuses a value of its pairs
  std::size_t processes = 1;            // children at once, at least 1
  std::size_t attempts = 1;             // deaths on one record or batch before it is given up
  std::chrono::milliseconds timeout{};  // without progress, for one child
  // How much output of a `lines` or `files` child is held in memory until it counts; the rest waits on disk.
  std::uint64_t held_bytes = limits::kHeldLinesBytes;

  process::SessionOptions of_child(std::size_t number) const {
    return {.role = event::Role::kMapper,
            .number = number,
            .module = module,
            .job_folder = job_folder,
            .working_folder = scratch_folder + "/mapper-" + std::to_string(number),
            .timeout = timeout};
  }
};

// What all mapper threads share. Borrowed during the whole call.
struct MapperPeers {
  const PackedInputs& inputs;
  BufferPool& pool;
  process::Guard& guard;
  EventSink& events;
  // Makes the sink of one mapper thread; called by that thread.
  std::function<std::unique_ptr<BlockSink>()> make_sink;
  // Blocks until inputs may be mapped; fails if they must not be.
  std::function<Result<void>(const std::stop_token& stop)> begin;
  // Whether this many more bad records would end the run. Then they are reported immediately instead of with their
  // block.
  std::function<bool(std::uint64_t bad_records)> would_end;
  // If it is there, `function` mappers tell which parts of their first records they read. Called by any mapper thread,
  // again whenever there is more.
  std::function<void(const process::FieldsRead& fields)> take_fields = {};
};

// Runs `function` children: takes units until the queue is finished. Blocks; returns when every block is committed,
// or with the first error: kChildFailed with the cause block in its details, an error of a sink, or kStopped. A record
// that kills its child `attempts` times becomes a RecordBad event. So does a record with a value that the rule refuses:
// a block with such values is sent once more, carefully, to find out which records they are.
Result<void> run_function_mappers(const MapperOptions& options, const MapperPeers& peers, UnitQueue& units,
                                  const std::stop_token& stop);

// Runs `lines` and `files` children: one for each input, or for a batch of small ones (docs/modules.md), which the
// child's thread opens and decodes itself. A batch whose child fails `attempts` times is halved until the input that
// makes it fail is alone; that input becomes an InputFailed event. Blocks and fails like run_function_mappers().
Result<void> run_batch_mappers(const MapperOptions& options, const MapperPeers& peers, InputOpener& opener,
                               const std::stop_token& stop);

}  // namespace quern::mapper
