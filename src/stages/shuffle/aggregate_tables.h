#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/aggregate.h"
#include "stages/shuffle/aggregate_table.h"
#include "stages/shuffle/pair_sink.h"
#include "stages/shuffle/shelf.h"

namespace quern::shuffle {

// The address of pairs of inputs that certainly count.
inline constexpr BlockAddress kSettled = {.input = 0xffffffff, .number = 0};

// Entries by the table that they belong to. Owned by one thread, which uses it for one call after the other.
struct Scatter {
  std::vector<Entry> pairs;
  std::vector<Entry> arranged;
  std::vector<std::uint32_t> ends;  // in `arranged`, of each table's share
};

// The states of the keys of all inputs that count, dealt out to several tables by the keys' hashes: threads fill them
// together, so that each key is held once, and some can be spilled while the others stay. Any thread.
class AggregateTables {
 public:
  // The more threads, the more tables, so that they seldom wait for each other; with little memory fewer, as memory is
  // taken in large pieces.
  AggregateTables(const SinkPeers& peers, Aggregation aggregation, std::uint64_t memory_bytes, std::size_t threads);

  Result<void> add(std::string_view lines, Scatter& scatter);
  // What another table holds, which can only be destroyed afterwards.
  Result<void> absorb(AggregateTable& other, Scatter& scatter);
  // Moves tables to `taken` until they make up `wanted_bytes` of the budget, or all of them. Those that were taken
  // before come first: the others then stay in memory for good, and most of the keys' pairs meet their state there
  // instead of in a run (hybrid hashing, https://doi.org/10.1145/971697.602261).
  Result<void> take(std::uint64_t wanted_bytes, Taken& taken);
  // All that one table holds.
  Result<Taken> take_table(std::size_t number);
  std::size_t size() const { return tables_.size(); }

  const Aggregation& aggregation() const { return aggregation_; }

 private:
  struct Table {
    Table(const SinkPeers& peers, const Aggregation& aggregation) : states(peers.splitter, aggregation, peers.budget) {}
    Result<void> move_to(Taken& taken);

    std::mutex mutex;
    AggregateTable states;
    bool was_taken = false;
  };
  using Fill = Result<void> (AggregateTable::*)(std::span<const Entry>);
  // Deals `entries` out and gives each table its share.
  Result<void> deal(std::span<const Entry> entries, Scatter& scatter, Fill use);

  const SinkPeers peers_;
  const Aggregation aggregation_;
  std::vector<std::unique_ptr<Table>> tables_;  // a power of two
};

}  // namespace quern::shuffle
