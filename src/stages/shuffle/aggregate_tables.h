#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/aggregate.h"
#include "stages/shuffle/aggregate_table.h"
#include "stages/shuffle/pair_shelf.h"
#include "stages/shuffle/shelf.h"

namespace quern::shuffle {

// Entries by the table that they belong to. Owned by one thread, which uses it for one call after the other.
struct Scatter {
  std::vector<Entry> pairs;
  Buffer pair_keys;  // that `pairs` lie in, for `unique`
  std::vector<Entry> arranged;
  std::vector<std::uint32_t> ends;  // in `arranged`, of each table's share
  // Where the pairs come from.
  InputOrdinal input = 0;
  InputOrdinal last_input = 0;
};

// The states of keys, dealt out to several tables by the keys' hashes: threads fill them together, so that each key is
// held once, and some can be spilled while the others stay. Any thread.
class AggregateTables {
 public:
  // The more threads, the more tables, so that they seldom wait for each other; with little memory fewer, as memory is
  // taken in large pieces.
  static std::size_t table_count(std::uint64_t memory_bytes, std::size_t threads);
  // `address` is that of their pairs where they are spilled.
  AggregateTables(const SinkPeers& peers, Aggregation aggregation, std::size_t count, BlockAddress address);

  // Of a value that had to be a number and is none, the event RecordBad says where it comes from.
  Result<void> add(std::string_view lines, Scatter& scatter);
  // All that `other` holds, which has as many tables. Of two tables the smaller one's keys go to the larger one, and
  // the smaller one is freed, so that little more memory is needed than both have.
  Result<void> absorb(std::unique_ptr<AggregateTables> other, const std::stop_token& stop);
  // Moves tables of all these to `taken` until they make up `wanted_bytes` of the budget, or all of them. Those that
  // were taken before come first: the others then stay in memory for good, and most of the keys' pairs meet their state
  // there instead of in a run (hybrid hashing, https://doi.org/10.1145/971697.602261).
  static Result<void> take(const std::vector<AggregateTables*>& all, std::uint64_t wanted_bytes, Taken& taken);
  // All that one table holds.
  Result<Taken> take_table(std::size_t number);
  std::size_t size() const { return tables_.size(); }

 private:
  struct Table {
    std::mutex mutex;
    std::unique_ptr<AggregateTable> states;
    bool was_taken = false;
  };
  Result<void> add_pairs(Scatter& scatter);
  Result<void> move_to(Taken& taken, Table& table) const;
  void report(const Entry& refused, const Scatter& scatter) const;

  const SinkPeers peers_;
  const Aggregation aggregation_;
  const BlockAddress address_;
  std::vector<std::unique_ptr<Table>> tables_;  // a power of two
};

}  // namespace quern::shuffle
