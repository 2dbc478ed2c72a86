#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/aggregate.h"
#include "model/pair.h"
#include "stages/shuffle/budget.h"
#include "stages/shuffle/entry.h"
#include "stages/shuffle/huge_array.h"
#include "stages/shuffle/shelf.h"

namespace quern::shuffle {

// One state for each key, found by the key's hash; for `unique` each pair key (pair_keys.h) with nothing. What it holds
// are pairs of key and state, with an entry for each, as if a mapper had written them. Owned by one thread at a time.
class AggregateTable {
 public:
  AggregateTable(Aggregation aggregation, std::size_t partitions, Budget& budget)
      : aggregator_(aggregation),
        is_unique_(aggregation.kind == Aggregation::Kind::kUnique),
        partitions_(partitions),
        budget_(budget) {}
  AggregateTable(const AggregateTable&) = delete;
  AggregateTable& operator=(const AggregateTable&) = delete;
  ~AggregateTable() { budget_.give_back(counted_bytes_, counted_keys_); }

  // Entries of pairs, or of pair keys, with what reads them.
  Result<void> add(std::span<const Entry> pairs, const EntryReader& reader);
  // Entries of those that it did not take, as their values had to be numbers and are none.
  std::vector<Entry> take_refused() { return std::exchange(refused_, {}); }
  // What another table of the same aggregation holds.
  Result<void> absorb(const AggregateTable& other, const std::stop_token& stop);
  // Moves everything to `taken`, as one block with this address.
  Result<void> seal(BlockAddress address, Taken& taken);
  std::uint64_t keys() const { return keys_; }
  std::uint64_t counted_bytes() const { return counted_bytes_; }
  // Slots of other keys that were looked at until now. For tests.
  std::uint64_t passed_slots() const { return passed_slots_; }

 private:
  std::size_t slot_of(std::uint32_t hash) const { return (std::uint64_t{hash} * slots_.size()) >> 32; }
  // A function that only asks for memory has no effect in g++'s eyes, and a call of it is left out unless it is
  // inlined.
  [[gnu::always_inline]] inline void prefetch(std::span<const Entry> entries, std::size_t index) const;
  std::size_t slot_after(std::size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }
  // The slot of the key, or the free one where it belongs.
  Entry& find(std::string_view key, std::uint32_t hash);
  std::uint64_t count_missing(const AggregateTable& other) const;
  Result<void> merge(const Entry& entry);
  bool update_fast(Entry& slot, std::string_view value) const;
  // Makes scratch_ the state of a slot that has the key, or makes the slot and the state.
  Result<void> store_state(Entry& slot, std::string_view key, std::uint32_t hash);
  Result<char*> make_line(std::size_t size_bytes);
  // Makes room for so many keys in all.
  Result<void> make_room(std::uint64_t keys);
  Result<void> make_slots(std::size_t count);
  std::size_t gather();
  void number(std::span<const Entry> entries);
  void count(std::uint64_t bytes);
  void count_keys();

  const EntryReader reader_{kBetweenInside};
  const Aggregator aggregator_;
  const bool is_unique_;
  const std::size_t partitions_;
  Budget& budget_;
  HugeArray<Entry> slots_;  // free ones have no line
  std::uint64_t keys_ = 0;
  std::vector<HugeArray<char>> arena_;
  std::span<char> room_;  // what is free of the last piece of the arena
  std::size_t arena_bytes_ = 0;
  std::uint64_t counted_bytes_ = 0;
  std::uint64_t counted_keys_ = 0;
  std::uint64_t passed_slots_ = 0;
  // Of one call, reused for the next.
  std::vector<std::uint32_t> numbers_;
  std::string scratch_;
  std::vector<Entry> refused_;
};

}  // namespace quern::shuffle
