#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/aggregate.h"
#include "model/aggregated_groups.h"
#include "model/block.h"
#include "model/event.h"
#include "model/groups.h"

namespace quern::shuffle {

struct ShuffleOptions {
  std::string separator;  // of the lines that come; kBetweenInside: pairs come
  std::size_t partitions = 1;
  std::uint64_t memory_bytes = 0;  // for everything that the shuffle holds; what is more goes to disk
  std::string scratch_folder;      // for spilled runs
  std::size_t threads = 1;         // that sort at once
  std::stop_token stop;            // Once it is requested, whatever takes time ends soon with kStopped.
  // Each key gets what its values come to instead of its values (AggregatedGroups). kList changes nothing.
  std::optional<Aggregation> aggregation = std::nullopt;
  // Of an aggregation: each key gets values that others can be added to, where the job's other parts are elsewhere.
  AggregatedTo aggregated_to = AggregatedTo::kResult;
  EventSink* events = nullptr;  // hears of values of an aggregation that do not count; borrowed
};

// The partition of a key: XXH3 of its bytes, seed 0, modulo the number of partitions. Part of the contract.
std::size_t partition_of(std::string_view key, std::size_t partitions);

// Takes the mapped pairs, and gives them back grouped by key. Any thread may call sink(); each sink belongs to one
// thread. After all sinks are destroyed, the owner calls finish() once, then groups() for each partition.
// What a committed block's mapper gave is held whole; beyond that, and a few states per block, memory_bytes is kept.
class Shuffle {
 public:
  static std::unique_ptr<Shuffle> make(ShuffleOptions options);
  virtual ~Shuffle() = default;

  // A line without the separator is a key with an empty value. Committing blocks while pairs are spilled, and fails
  // with kNoSpace when the scratch folder is full. With an aggregation a value that must be a number and is none does
  // not count; the event RecordBad names the block's input.
  virtual std::unique_ptr<BlockSink> sink() = 0;
  // The input was read to its verified end, or it failed. Any thread, any time; saying neither costs memory, not
  // correctness.
  virtual void input_decoded(InputOrdinal input) = 0;
  virtual void input_failed(InputOrdinal input) = 0;
  // Sorts. What these inputs gave does not count.
  virtual Result<void> finish(const std::set<InputOrdinal>& failed_inputs) = 0;
  // May be called for several partitions at once, by several threads; borrows from the shuffle.
  virtual Result<std::unique_ptr<GroupSource>> groups(std::size_t partition) = 0;
  // Runs that were written to disk until now. For tests and measurements.
  virtual std::size_t spilled_runs() const = 0;
};

}  // namespace quern::shuffle
