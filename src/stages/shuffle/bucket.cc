#include "stages/shuffle/bucket.h"

#include <algorithm>
#include <bit>
#include <utility>

// Numbers the keys of a bucket in order of first appearance, by a hash table with linear probing, and then arranges the
// entries by these numbers with a counting sort, which keeps the order of each key's values.

namespace quern::shuffle {
namespace {

// The initial number of keys that the table has room for. It grows only when a bucket has more, so that a key with
// millions of values does not cost a table of millions of slots.
constexpr std::size_t kFirstKeys = 4096;

}  // namespace

Result<std::size_t> BucketGrouper::group(std::span<Entry> bucket) {
  if (bucket.empty()) return std::size_t{0};
  clear_for(bucket.size());
  for (std::size_t i = 0; i < bucket.size(); ++i) {
    if (i + prefetch_distance_ < bucket.size()) __builtin_prefetch(bucket[i + prefetch_distance_].line());
    bucket[i].hash = number_of(bucket[i]);
  }
  if (keys_.size() > 1) TRY(arrange(bucket));
  bucket[0].value_bytes_and_mark |= Entry::kFirstOfGroup;
  return keys_.size();
}

void BucketGrouper::clear_for(std::size_t entries) {
  keys_.clear();
  slots_.assign(std::bit_ceil(2 * std::min(entries, kFirstKeys)), Slot{});
}

std::uint32_t BucketGrouper::number_of(const Entry& entry) {
  std::size_t mask = slots_.size() - 1;
  std::size_t at = entry.hash & mask;
  for (; slots_[at].number_and_one != 0; at = (at + 1) & mask) {
    if (slots_[at].hash != entry.hash) continue;
    Key& key = keys_[slots_[at].number_and_one - 1];
    if (reader_.key(key.first) != reader_.key(entry)) continue;
    ++key.count;
    return slots_[at].number_and_one - 1;
  }
  auto number = static_cast<std::uint32_t>(keys_.size());
  slots_[at] = Slot{.hash = entry.hash, .number_and_one = number + 1};
  keys_.push_back(Key{.first = entry, .count = 1});
  if (keys_.size() * 2 > slots_.size()) grow();
  return number;
}

void BucketGrouper::grow() {
  std::vector<Slot> longer(slots_.size() * 2);
  std::size_t mask = longer.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.number_and_one == 0) continue;
    std::size_t at = slot.hash & mask;
    while (longer[at].number_and_one != 0) at = (at + 1) & mask;
    longer[at] = slot;
  }
  slots_ = std::move(longer);
}

// A counting sort by the key's number, which is stored in the entry's hash.
Result<void> BucketGrouper::arrange(std::span<Entry> bucket) {
  if (copy_.size() < bucket.size()) {
    copy_ = {};  // Freed before the larger one is allocated, so that both never exist at once.
    TRY_ASSIGN(copy_, HugeArray<Entry>::make(bucket.size()));
  }
  std::copy(bucket.begin(), bucket.end(), copy_.data());
  std::uint32_t begin = 0;
  for (Key& key : keys_) begin += std::exchange(key.count, begin);
  for (const Entry& entry : copy_.span().first(bucket.size())) {
    Entry& place = bucket[keys_[entry.hash].count++];
    place = entry;
  }
  // Each key's count has become the end of its entries, which is where the next key's entries begin.
  for (std::size_t i = 0; i + 1 < keys_.size(); ++i) {
    bucket[keys_[i].count].value_bytes_and_mark |= Entry::kFirstOfGroup;
  }
  return {};
}

}  // namespace quern::shuffle
