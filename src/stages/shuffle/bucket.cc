#include "stages/shuffle/bucket.h"

#include <algorithm>
#include <array>
#include <bit>
#include <stop_token>
#include <utility>

#include "base/merge.h"
#include "base/task_group.h"

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

// A radix-like sort on 12 bytes at a time. The numbers (KeyNumber) of all keys are sorted without reading the keys;
// then each run of equal numbers is numbered again from the next 12 bytes and sorted in the same way. Short runs, and
// keys that are alike for very long, are compared byte by byte.

namespace {

constexpr std::size_t kBytesAtOnce = 12;
constexpr unsigned kIndexBits = 32;

// Smaller runs of keys with equal beginnings are compared byte by byte.
constexpr std::size_t kFewKeys = 16;
// So are keys with longer common beginnings, which bounds the recursion.
constexpr std::size_t kMostDepth = 32 * kBytesAtOnce;
// Below this number, another thread costs more than it saves.
constexpr std::size_t kKeysPerThread = 1 << 16;

// Up to this many keys are sorted between two checks of the stop token.
constexpr std::size_t kKeysPerLook = 1 << 20;

KeyNumber without_index(KeyNumber key) { return key >> kIndexBits; }

// Returns the median of a sample of the keys.
KeyNumber pivot_of(std::span<const KeyNumber> keys) {
  std::array<KeyNumber, 127> sample{};
  for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = keys[keys.size() / sample.size() * i];
  std::nth_element(sample.begin(), sample.begin() + sample.size() / 2, sample.end());
  return sample[sample.size() / 2];
}

}  // namespace

KeyNumber key_number(std::string_view key, std::uint32_t first, std::size_t depth) {
  return key_start(key.substr(std::min(depth, key.size()), kBytesAtOnce)) | first;
}

void KeySorter::sort(std::span<KeyNumber> keys, std::size_t threads) const {
  if (threads <= 1 || keys.size() < 2 * kKeysPerThread) return sort_from(keys, 0);
  // The index bits are zero, so that keys with equal beginnings all end up on the same side.
  KeyNumber pivot = without_index(pivot_of(keys)) << kIndexBits;
  auto middle = std::partition(keys.begin(), keys.end(), [&](KeyNumber key) { return key < pivot; });
  auto left = static_cast<std::size_t>(middle - keys.begin());
  if (left == 0) return sort_from(keys, 0);
  auto sort_left = [&](const std::stop_token&) { sort(keys.first(left), threads / 2); };
  const auto other = start_thread("sort", sort_left);
  if (!other.ok()) sort_left({});  // Without another thread it only takes longer.
  sort(keys.subspan(left), threads - threads / 2);
}

void KeySorter::sort_numbers(std::span<KeyNumber> keys) const {
  if (stop_.stop_requested()) return;
  if (keys.size() <= kKeysPerLook) return std::sort(keys.begin(), keys.end());
  KeyNumber pivot = pivot_of(keys);
  auto middle = std::partition(keys.begin(), keys.end(), [&](KeyNumber key) { return key < pivot; });
  sort_numbers({keys.begin(), middle});
  sort_numbers({middle, keys.end()});
}

void KeySorter::sort_from(std::span<KeyNumber> keys, std::size_t depth) const {
  sort_numbers(keys);
  if (stop_.stop_requested()) return;
  for (std::size_t begin = 0; begin < keys.size();) {
    std::size_t end = begin + 1;
    while (end < keys.size() && without_index(keys[end]) == without_index(keys[begin])) ++end;
    if (end - begin > 1) sort_alike(keys.subspan(begin, end - begin), depth + kBytesAtOnce);
    begin = end;
  }
}

// Sorts keys whose first `depth` bytes are the same once shorter keys are padded with zero bytes. So a key that ends
// before `depth` is a prefix of every longer one and comes before it.
void KeySorter::sort_alike(std::span<KeyNumber> keys, std::size_t depth) const {
  if (keys.size() <= kFewKeys || depth >= kMostDepth) {
    std::sort(keys.begin(), keys.end(), [&](KeyNumber a, KeyNumber b) { return key_of(a) < key_of(b); });
    return;
  }
  auto longer = std::partition(keys.begin(), keys.end(), [&](KeyNumber key) { return key_of(key).size() <= depth; });
  std::sort(keys.begin(), longer, [&](KeyNumber a, KeyNumber b) { return key_of(a).size() < key_of(b).size(); });
  for (auto key = longer; key != keys.end(); ++key) {
    *key = key_number(key_of(*key), static_cast<std::uint32_t>(*key), depth);
  }
  sort_from({longer, keys.end()}, depth);
}

}  // namespace quern::shuffle
