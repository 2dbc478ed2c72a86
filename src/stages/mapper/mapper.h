#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/channel.h"
#include "base/result.h"
#include "model/block.h"
#include "model/event.h"
#include "model/input.h"
#include "model/job.h"
#include "model/limits.h"
#include "model/pair.h"
#include "model/value_rule.h"

namespace quern::process {
class Guard;
}

// Feeds records to mapper children and takes back what they give. Each child has a thread of its own that starts it,
// feeds it, drains it, and replaces it when it dies.

namespace quern::mapper {

struct MapperOptions {
  const Module* module = nullptr;
  std::string job_folder;      // absolute
  std::string scratch_folder;  // each child's working folder is made in it
  RecordKind record = RecordKind::kKeyedJson;
  std::string separator;
  PairOutput output;                    // what a `function` child's pairs become; others write lines of text
  ValueRule rule;                       // a pair whose value it refuses makes the record bad
  std::size_t processes = 1;            // children at once, at least 1
  std::size_t attempts = 1;             // deaths on one record or batch before it is given up
  std::chrono::milliseconds timeout{};  // without progress, for one child
  // Of a `lines` or `files` child's output in memory, until it counts; what is more waits on disk.
  std::uint64_t held_bytes = limits::kHeldLinesBytes;
};

// What all mapper threads share; borrowed for the whole call.
struct MapperPeers {
  const std::vector<Input>& inputs;
  BufferPool& pool;
  process::Guard& guard;
  EventSink& events;
  // Makes the sink of one mapper thread; called by that thread.
  std::function<std::unique_ptr<BlockSink>()> make_sink;
  // Blocks until inputs may be mapped; an error if they must not be.
  std::function<Result<void>(const std::stop_token& stop)> begin;
  // Whether so many further bad records end the run: they are told at once then, and not with their block.
  std::function<bool(std::uint64_t bad_records)> would_end;
};

// `function` children: takes blocks until the channel is finished. Blocks; returns when every block is committed, or
// with the first error: kChildFailed with the cause block in its details, what a sink failed with, or kStopped.
// A record that kills its child `attempts` times becomes a RecordBad event. So does one with a value that the rule
// refuses: a block that has such values is sent once more, carefully, so that each shows its record.
Result<void> run_function_mappers(const MapperOptions& options, const MapperPeers& peers, Channel<Block>& blocks,
                                  const std::stop_token& stop);

// `lines` and `files` children: one for each input, or for a batch of small ones (docs/modules.md), which the child's
// thread opens and decodes itself. A batch whose child fails `attempts` times is halved until the input is alone that
// it fails on; that input is then an InputFailed event. Blocks and fails as above.
Result<void> run_batch_mappers(const MapperOptions& options, const MapperPeers& peers, InputOpener& opener,
                               const std::stop_token& stop);

}  // namespace quern::mapper
