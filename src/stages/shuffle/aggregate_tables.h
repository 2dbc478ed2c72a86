#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/aggregate.h"
#include "stages/shuffle/aggregate_table.h"
#include "stages/shuffle/group_states.h"
#include "stages/shuffle/pair_buffer.h"
#include "stages/shuffle/pair_keys.h"

namespace quern::shuffle {

// Entries arranged by the table that they belong to. Scratch space of one thread, which reuses it from call to call.
struct Scatter {
  std::vector<Entry> pairs;
  PairKeyLines pair_keys;  // holds the pair keys of `pairs`, if there are any
  GroupStates groups;
  std::vector<Entry> arranged;
  std::vector<std::uint32_t> ends;  // where each table's share of `arranged` ends
  // The block that the pairs come from, and how many of them were taken.
  BlockAddress address;
  InputOrdinal last_input = 0;
  std::uint64_t taken = 0;
};

// The states of keys, distributed over several tables by the keys' hashes. Threads fill them together, so that each key
// is held once, and some tables can be spilled while the others stay. Thread-safe.
class AggregateTables {
 public:
  // With more threads there are more tables, so that threads seldom wait for each other. With little memory there are
  // fewer, as memory is allocated in large pieces.
  static std::size_t table_count(std::uint64_t memory_bytes, std::size_t threads);
  // `columns` is as for AggregateTable.
  AggregateTables(const SinkPeers& peers, const Aggregation& aggregation, const Columns* columns, std::size_t count);

  // Adds the pairs of a block. A value that must be a number and is not is reported as RecordBad, with its origin.
  Result<void> add(BlockOutput output, Scatter& scatter);
  // Takes whole tables until they make up `wanted_bytes` of the budget, or none is left. Tables that were taken before
  // are taken first: the others then stay in memory for good, and most pairs find their key's state there instead of in
  // a run (hybrid hashing, https://doi.org/10.1145/971697.602261).
  Result<Taken> take(std::uint64_t wanted_bytes);
  // Takes everything that one table holds.
  Result<Taken> take_table(std::size_t number);
  // The same, but with distinct values counted (AggregateTable::seal_counted). Only if nothing was taken before.
  Result<Taken> take_counted(std::size_t number);
  std::size_t size() const { return tables_.size(); }

 private:
  struct Table {
    std::mutex mutex;
    std::unique_ptr<AggregateTable> states;
    bool was_taken = false;
  };
  Result<void> add_lines(std::string_view lines, Scatter& scatter);
  Result<void> add_pairs(Scatter& scatter);
  Result<void> make_columns(Scatter& scatter, const EntryReader& reader) const;
  Result<void> refuse_value(std::string_view group, std::string_view value, std::string_view problem,
                            const Scatter& scatter) const;
  static Result<void> move_to(Taken& taken, Table& table);
  // `record` is the pair as messages show it.
  void report(std::string record, std::string_view reason, const Scatter& scatter) const;
  std::string shown_pair(std::string_view key, std::string_view value) const;

  const SinkPeers peers_;
  const Aggregation aggregation_;
  const Columns* const columns_;
  std::vector<std::unique_ptr<Table>> tables_;  // their number is a power of two
};

}  // namespace quern::shuffle
