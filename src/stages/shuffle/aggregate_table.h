#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/aggregate.h"
#include "model/pair.h"
#include "stages/shuffle/columns.h"
#include "stages/shuffle/entry.h"
#include "stages/shuffle/huge_array.h"
#include "stages/shuffle/pair_buffer.h"
#include "stages/shuffle/pair_keys.h"

namespace quern::shuffle {

// A hash table with one state for each key; with sorts_values() the keys are pair keys (pair_keys.h): for `unique`
// their states are empty, otherwise they are those of Columns. Its contents are pairs of key and state with an entry
// for each, as if a mapper had written them. Not thread-safe.
class AggregateTable {
 public:
  // `columns` is borrowed; null if the aggregation does not need them.
  AggregateTable(const Aggregation& aggregation, const Columns* columns, std::size_t partitions, Budget& budget)
      : aggregator_(aggregation),
        columns_(columns),
        is_unique_(aggregation.kind == Aggregation::Kind::kUnique),
        partitions_(partitions),
        budget_(budget) {}
  AggregateTable(const AggregateTable&) = delete;
  AggregateTable& operator=(const AggregateTable&) = delete;
  ~AggregateTable() { budget_.give_back(counted_bytes_, counted_keys_); }

  // Adds entries of pairs, or of pair keys, which `reader` reads.
  Result<void> add(std::span<const Entry> pairs, const EntryReader& reader);
  // Returns the entries that add() refused because their values are not numbers.
  std::vector<Entry> take_refused() { return std::exchange(refused_, {}); }
  // Moves the contents to `taken`, as one block. The table is empty afterwards.
  Result<void> seal(Taken& taken);
  // Like seal(), but moves the number of the values of kDistinct instead of the values, which then need not be sorted.
  // To be called only if the table holds every value of its keys, and only the result is wanted.
  Result<void> seal_counted(Taken& taken);
  std::uint64_t keys() const { return keys_; }
  std::uint64_t counted_bytes() const { return counted_bytes_; }

 private:
  std::size_t slot_of(std::uint32_t hash) const { return (std::uint64_t{hash} * slots_.size()) >> 32; }
  // g++ assumes that a function that only prefetches has no effect and removes calls to it, unless it is inlined.
  [[gnu::always_inline]] inline void prefetch(std::span<const Entry> entries, std::size_t index) const;
  std::size_t slot_after(std::size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }
  // Returns the slot of the key, or the free slot where it belongs.
  Entry& find(std::string_view key, std::uint32_t hash);
  const Aggregator& aggregator_of(std::string_view key) const {
    return columns_ == nullptr ? aggregator_ : columns_->aggregator_of(value_of_pair_key(key));
  }
  // Whether a value is a state to be merged: so it is for columns (Columns::add), except that "" is one value.
  bool is_state(std::string_view value) const { return columns_ != nullptr && !value.empty(); }
  bool update_in_place(const Aggregator& aggregator, Entry& slot, std::string_view value) const;
  bool update(const Aggregator& aggregator, std::string_view value);
  // Stores scratch_ as the state of this slot; if the slot is free, adds the key as well.
  Result<void> store_state(Entry& slot, std::string_view key, std::uint32_t hash);
  Result<char*> make_line(std::size_t size_bytes);
  // Reserves slots for this many keys in all.
  Result<void> make_room(std::uint64_t keys);
  Result<void> make_slots(std::size_t count);
  std::size_t gather();
  Result<void> count_distinct(AggregateTable& counts);
  Result<void> seal_keys(Taken& taken);
  void number(std::span<const Entry> entries);
  void count(std::uint64_t bytes);
  void count_keys();

  const EntryReader reader_{kBetweenInside};
  const Aggregator aggregator_;
  const Columns* const columns_;
  const bool is_unique_;
  const std::size_t partitions_;
  Budget& budget_;
  HugeArray<Entry> slots_;  // free slots have no line
  std::uint64_t keys_ = 0;
  std::vector<HugeArray<char>> arena_;
  std::span<char> room_;  // the unused part of the arena's last piece
  std::size_t arena_bytes_ = 0;
  std::uint64_t counted_bytes_ = 0;
  std::uint64_t counted_keys_ = 0;
  // Scratch space of one call, reused by the next.
  std::vector<std::uint32_t> numbers_;
  std::string scratch_;
  std::vector<Entry> refused_;
};

}  // namespace quern::shuffle
