#include "stages/shuffle/key_sort.h"

#include <algorithm>
#include <array>
#include <stop_token>

#include "base/merge.h"
#include "base/thread.h"

// A radix-like sort on 12 bytes at a time. The numbers (KeyNumber) of all keys are sorted without reading the keys;
// then each run of equal numbers is numbered again from the next 12 bytes and sorted in the same way. Short runs, and
// keys that are alike for very long, are compared byte by byte.

namespace quern::shuffle {
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
