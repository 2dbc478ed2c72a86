#include "stages/shuffle/aggregate_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "arithmetic/exact_sum.h"
#include "arithmetic/number.h"
#include "base/coding.h"
#include "stages/shuffle/pair_buffer.h"
#include "stages/shuffle/pair_keys.h"
#include "stages/shuffle/shuffle.h"

// An open-addressing hash table with linear probing: 16-byte slots, at most 70% of them in use, in the order of the
// keys' hashes (a key's home slot is hash * slots / 2^32). A slot is an Entry (entry.h) that points to a line "key,
// state" in the arena; a free slot has no line. docs/decisions/0008 has the reasons.

namespace quern::shuffle {
namespace {

using Kind = Aggregation::Kind;

constexpr std::size_t kFirstSlots = 1024;
// The address of pairs that come from any number of blocks.
constexpr BlockAddress kAggregated = {.input = 0xffffffff, .number = 0};
// The first access to a page of 4 KiB is slow on a virtual machine. So an arena of more than kSmallArenaBytes grows by
// whole huge pages, and slots reach their first huge page in few steps.
constexpr std::size_t kFirstArenaPieceBytes = std::size_t{32} << 10;
constexpr std::size_t kSmallArenaBytes = std::size_t{1} << 20;
constexpr std::size_t kSlotsPerPage = kHugePageBytes / sizeof(Entry);
// Slots lie anywhere in the table and their lines anywhere in the arena, so both are prefetched while others are
// processed.
constexpr std::size_t kSlotsAhead = 24;
constexpr std::size_t kLinesAhead = 12;
constexpr std::size_t kNearSlots = 6;
constexpr std::size_t kCountedAtOnce = 4096;

// Space reserved for a state of this size, so that the state can grow in place a few times. The reservation is not
// stored: it follows from the size, and a state that still fits into its reservation computes the same one or a smaller
// one. Small sums and counts never grow.
std::size_t room_for(std::size_t state_bytes) {
  if (state_bytes <= ExactSum::kSmallBytes) return state_bytes;
  return std::bit_ceil(state_bytes);
}

}  // namespace

void AggregateTable::prefetch(std::span<const Entry> entries, std::size_t index) const {
  if (index + kSlotsAhead < entries.size()) {
    __builtin_prefetch(&slots_[slot_of(entries[index + kSlotsAhead].hash)]);
  }
  if (index + kLinesAhead >= entries.size()) return;
  // Most keys are in one of the first slots from their home slot on, which share a cache line.
  std::uint32_t hash = entries[index + kLinesAhead].hash;
  std::size_t at = slot_of(hash);
  for (std::size_t last = std::min(at + kNearSlots, slots_.size()); at < last; ++at) {
    if (slots_[at].hash != hash) continue;
    __builtin_prefetch(slots_[at].line());
    return;
  }
}

Result<void> AggregateTable::add(std::span<const Entry> pairs, const EntryReader& reader) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    TRY(make_room(keys_ + 1));
    prefetch(pairs, i);
    const std::string_view key = reader.key(pairs[i]);
    const std::string_view value = reader.value(pairs[i]);
    Entry& slot = find(key, pairs[i].hash);
    const bool is_new = slot.line_and_key_bytes == 0;
    if (is_unique_ && !is_new) continue;
    const Aggregator& aggregator = aggregator_of(key);
    if (!is_new && update_in_place(aggregator, slot, value)) continue;
    scratch_ = is_new ? "" : reader_.value(slot);
    if (!is_unique_ && !update(aggregator, value)) {
      refused_.push_back(pairs[i]);
      continue;
    }
    TRY(store_state(slot, key, pairs[i].hash));
  }
  count_keys();
  return {};
}

Entry& AggregateTable::find(std::string_view key, std::uint32_t hash) {
  std::size_t at = slot_of(hash);
  while (slots_[at].line_and_key_bytes != 0) {
    if (slots_[at].hash == hash && reader_.key(slots_[at]) == key) break;
    at = slot_after(at);
  }
  return slots_[at];
}

// Adds a value, or a state, to scratch_.
bool AggregateTable::update(const Aggregator& aggregator, std::string_view value) {
  if (!is_state(value)) return aggregator.add(scratch_, value);
  aggregator.merge(scratch_, value);
  return true;
}

bool AggregateTable::update_in_place(const Aggregator& aggregator, Entry& slot, std::string_view value) const {
  const std::span<char> state(const_cast<char*>(reader_.key(slot).end()) + kBetweenInside.size(), slot.value_bytes());
  return is_state(value) ? aggregator.merge_in_place(state, value) : aggregator.add_in_place(state, value);
}

Result<void> AggregateTable::store_state(Entry& slot, std::string_view key, std::uint32_t hash) {
  CHECK(scratch_.size() < Entry::kFirstOfGroup);
  auto state_bytes = static_cast<std::uint32_t>(scratch_.size());
  bool is_new = slot.line_and_key_bytes == 0;
  char* line = const_cast<char*>(slot.line());
  if (is_new || scratch_.size() > room_for(slot.value_bytes())) {
    std::size_t size_bytes = key.size() + kBetweenInside.size() + room_for(state_bytes);
    TRY_ASSIGN(line, make_line(size_bytes));
    if (!key.empty()) std::memcpy(line, key.data(), key.size());
    std::memcpy(line + key.size(), kBetweenInside.data(), kBetweenInside.size());
    std::uint64_t kept_key_bytes = std::min<std::uint64_t>(key.size(), Entry::kLongKey);
    slot.line_and_key_bytes = reinterpret_cast<std::uint64_t>(line) | kept_key_bytes << Entry::kLineBits;
    slot.hash = hash;
  }
  if (state_bytes > 0) std::memcpy(line + key.size() + kBetweenInside.size(), scratch_.data(), state_bytes);
  slot.value_bytes_and_mark = state_bytes;
  if (is_new) ++keys_;
  return {};
}

Result<char*> AggregateTable::make_line(std::size_t size_bytes) {
  if (room_.size() < size_bytes) {
    const std::size_t next_bytes =
        arena_bytes_ < kSmallArenaBytes ? std::max(arena_bytes_ / 8, kFirstArenaPieceBytes) : kHugePageBytes;
    const std::size_t piece_bytes = std::max(next_bytes, size_bytes);
    TRY_ASSIGN(auto piece, HugeArray<char>::make(piece_bytes));
    count(piece_bytes);
    arena_bytes_ += piece_bytes;
    room_ = piece.span();
    arena_.push_back(std::move(piece));
  }
  char* line = room_.data();
  room_ = room_.subspan(size_bytes);
  return line;
}

Result<void> AggregateTable::make_slots(std::size_t slots) {
  // The last huge page is allocated in any case.
  if (slots > kSlotsPerPage) slots = (slots + kSlotsPerPage - 1) / kSlotsPerPage * kSlotsPerPage;
  TRY_ASSIGN(slots_, HugeArray<Entry>::make_zeroed(slots));
  count(slots * sizeof(Entry));
  return {};
}

Result<void> AggregateTable::make_room(std::uint64_t keys) {
  if (keys * 10 <= slots_.size() * 7) return {};
  HugeArray<Entry> old = std::move(slots_);
  const std::size_t more = old.size() < kSlotsPerPage ? old.size() * 3 : old.size() / 2;
  TRY(make_slots(std::max({kFirstSlots, old.size() + more, keys * 10 / 7 + 1})));
  for (const Entry& entry : old.span()) {
    if (entry.line_and_key_bytes == 0) continue;
    std::size_t at = slot_of(entry.hash);
    while (slots_[at].line_and_key_bytes != 0) at = slot_after(at);
    slots_[at] = entry;
  }
  std::uint64_t freed_bytes = old.size() * sizeof(Entry);
  budget_.give_back(freed_bytes, 0);
  counted_bytes_ -= freed_bytes;
  return {};
}

void AggregateTable::count(std::uint64_t bytes) {
  counted_bytes_ += bytes;
  budget_.take(bytes, 0);
}

void AggregateTable::count_keys() {
  budget_.take(0, keys_ - counted_keys_);
  counted_keys_ = keys_;
}

// Moves the slots in use to the front and returns how many there are.
std::size_t AggregateTable::gather() {
  std::size_t kept = 0;
  for (const Entry& slot : slots_.span()) {
    if (slot.line_and_key_bytes != 0) slots_[kept++] = slot;
  }
  return kept;
}

// Sets numbers_ to the partitions of these entries.
void AggregateTable::number(std::span<const Entry> entries) {
  const bool has_pair_keys = is_unique_ || columns_ != nullptr;
  numbers_.clear();
  for (const Entry& entry : entries) {
    std::string_view key = reader_.key(entry);
    std::size_t partition = partition_of(has_pair_keys ? PairKey(key).key() : key, partitions_);
    numbers_.push_back(static_cast<std::uint32_t>(partition));
  }
}

// Moves the values of kDistinct to `counts`, which has one entry for each key and column. Stops if there are fewer than
// two values for each, because then it would save nothing.
Result<void> AggregateTable::count_distinct(AggregateTable& counts) {
  std::vector<Entry> values;
  std::uint64_t counted = 0;
  for (std::size_t at = 0; at < slots_.size(); ++at) {
    if (at + kSlotsAhead < slots_.size()) __builtin_prefetch(slots_[at + kSlotsAhead].line());
    Entry& slot = slots_[at];
    if (slot.line_and_key_bytes == 0) continue;
    const std::string_view key = reader_.key(slot);
    const std::size_t value_bytes = columns_->distinct_value(value_of_pair_key(key)).size();
    const std::string_view group = key.substr(0, key.size() - value_bytes);
    // The end of a long key is found by what follows it in the line, so it cannot be cut short.
    if (value_bytes == 0 || group.size() >= Entry::kLongKey) continue;
    values.push_back(entry_of(group, 0));
    slot = {};
    --keys_;
    if (values.size() < kCountedAtOnce) continue;
    TRY(counts.add(values, reader_));
    counted += values.size();
    values.clear();
    if (counts.keys() > counted / 2) return {};
  }
  return counts.add(values, reader_);
}

Result<void> AggregateTable::seal_counted(Taken& taken) {
  if (columns_ != nullptr && columns_->have_distinct()) {
    AggregateTable counts(aggregator_.aggregation(), columns_, partitions_, budget_);
    TRY(count_distinct(counts));
    TRY(counts.seal(taken));
  }
  return seal(taken);
}

Result<void> AggregateTable::seal(Taken& taken) {
  if (keys_ > 0) TRY(seal_keys(taken));
  slots_ = {};
  arena_.clear();
  taken.budget_bytes += std::exchange(counted_bytes_, 0);
  taken.pairs += std::exchange(counted_keys_, 0);
  keys_ = 0;
  room_ = {};
  arena_bytes_ = 0;
  return {};
}

Result<void> AggregateTable::seal_keys(Taken& taken) {
  std::span<Entry> entries = slots_.span().first(gather());
  CommittedBlock block{.address = kAggregated, .arena = std::exchange(arena_, {})};
  block.entries.ends = {static_cast<std::uint32_t>(entries.size())};
  if (partitions_ > 1) {
    TRY_ASSIGN(auto arranged, HugeArray<Entry>::make(entries.size()));
    number(entries);
    block.entries.ends.assign(partitions_, 0);
    arrange_by_partition(entries, numbers_, block.entries.ends, arranged.span());
    slots_ = std::move(arranged);
    entries = slots_.span();
  }
  block.entries.pieces = {entries};
  taken.pieces.push_back(std::exchange(slots_, {}));
  taken.blocks.push_back(std::move(block));
  return {};
}

}  // namespace quern::shuffle
