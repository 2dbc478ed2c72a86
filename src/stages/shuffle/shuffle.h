#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
  std::string separator;  // of incoming lines; kBetweenInside if pairs come
  std::size_t partitions = 1;
  std::uint64_t memory_bytes = 0;  // for everything that the shuffle holds; the rest goes to disk
  std::string scratch_folder;      // for spilled runs
  std::size_t threads = 1;         // how many may sort at once
  std::stop_token stop;            // Once requested, long operations end soon with kStopped.
  // If set, each key gets the aggregate of its values instead of the values (AggregatedGroups). kList changes nothing.
  std::optional<Aggregation> aggregation = std::nullopt;
  // For an aggregation that sorts_values(): whether the values are those of mappers, or terms (AggregatedTo).
  AggregatedFrom aggregated_from = AggregatedFrom::kValues;
  // For an aggregation: whether keys get the result, or values that can be aggregated further with those of the job's
  // other parts.
  AggregatedTo aggregated_to = AggregatedTo::kResult;
  EventSink* events = nullptr;  // receives RecordBad for values that an aggregation refuses; borrowed
};

// The partition of a key: XXH3 of its bytes, seed 0, modulo the number of partitions. This is part of the file formats
// and must never change.
std::size_t partition_of(std::string_view key, std::size_t partitions);

// Takes mapped pairs and returns them grouped by key. Any thread may call sink(); each sink belongs to one thread.
// After all sinks are destroyed, the owner calls finish() once, then groups() for each partition. memory_bytes may be
// exceeded only by the mapper output of a committed block, which is held as a whole, and by a few states per block.
class Shuffle {
 public:
  static std::unique_ptr<Shuffle> make(ShuffleOptions options);
  virtual ~Shuffle() = default;

  // A line without the separator is a key with an empty value. Committing blocks while pairs are spilled, and fails
  // with kNoSpace if the scratch folder is full. With an aggregation, a value that must be a number and is not does not
  // count; the event RecordBad names the block's input.
  virtual std::unique_ptr<BlockSink> sink() = 0;
  // Sorts the pairs.
  virtual Result<void> finish() = 0;
  // Returns the groups of one partition, which borrow from the shuffle. Several threads may call it for different
  // partitions.
  virtual Result<std::unique_ptr<GroupSource>> groups(std::size_t partition) = 0;
  // The number of runs written to disk so far. For tests and measurements.
  virtual std::size_t spilled_runs() const = 0;
};

}  // namespace quern::shuffle
