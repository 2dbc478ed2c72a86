#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/groups.h"
#include "stages/shuffle/entry.h"
#include "stages/shuffle/huge_array.h"

namespace quern::shuffle {

// The entries of one block, ordered by partition, in the pieces of memory that hold them.
struct BlockEntries {
  std::vector<std::span<Entry>> pieces;
  std::vector<std::uint32_t> ends;  // for each partition: how many entries it and all before it have; at least one
  std::size_t count() const { return ends.back(); }
};

// One distinct key: its first 12 bytes as a big-endian number, above the index of its first entry. Comparing two of
// these numbers compares the beginnings of the keys without reading the keys.
using KeyNumber = unsigned __int128;

struct Grouped {
  HugeArray<Entry> entries;           // equal keys are adjacent, in input order, the first one marked
  HugeArray<KeyNumber> keys;          // in key order within each partition
  std::vector<std::size_t> key_ends;  // of each partition
  std::size_t first_entry(std::size_t key) const { return static_cast<std::uint32_t>(keys[key]); }
};

struct GroupingOptions {
  std::string_view separator;
  std::size_t partitions = 1;
  std::size_t threads = 1;
  std::stop_token stop;
};

// Groups and sorts the entries of these blocks, which are in input order. `release` is called once `blocks` are no
// longer needed, before the second half of the work allocates memory of its own. In addition to the blocks' own entries
// it holds at most one more copy of them; the memory of the blocks can then be used for the distinct keys. Fails with
// kStopped, or if the system has no memory.
Result<Grouped> group(const std::vector<BlockEntries>& blocks, const GroupingOptions& options,
                      const std::function<void()>& release);

// Groups that are in memory. Borrows them. Not thread-safe; never fails.
class MemoryGroups final : public GroupSource {
 public:
  MemoryGroups(const Grouped& grouped, std::string_view separator, std::size_t partition)
      : grouped_(grouped),
        reader_(separator),
        next_key_(partition == 0 ? 0 : grouped.key_ends[partition - 1]),
        end_key_(grouped.key_ends[partition]) {}

  Result<bool> next_group() override {
    if (next_key_ == end_key_) return false;
    prefetch_keys();
    entry_ = next_entry_ = grouped_.first_entry(next_key_++);
    return true;
  }
  Result<bool> next_value() override {
    std::span<const Entry> entries = grouped_.entries.span();
    bool is_first = next_entry_ == entry_;
    if (next_entry_ == entries.size() || (!is_first && entries[next_entry_].is_first_of_group())) return false;
    // The lines of a group's first entries were prefetched already, and a short group has no others.
    std::size_t ahead = next_entry_ + kValuesAhead;
    if (next_entry_ >= entry_ + kFirstValues && ahead < entries.size()) __builtin_prefetch(entries[ahead].line());
    value_ = reader_.value(entries[next_entry_++]);
    return true;
  }
  std::string_view key() const override { return reader_.key(grouped_.entries[entry_]); }
  std::string_view value() const override { return value_; }

  // Returns all entries of the group. To be called only after next_group().
  std::span<const Entry> entries() const {
    std::span<const Entry> rest = grouped_.entries.span().subspan(entry_);
    std::size_t count = 1;
    while (count < rest.size() && !rest[count].is_first_of_group()) ++count;
    return rest.first(count);
  }

 private:
  // How many groups ahead of the current one the first entry is prefetched; its line is prefetched half as far ahead.
  static constexpr std::size_t kGroupsAhead = 32;
  static constexpr std::size_t kValuesAhead = 16;
  // The number of entries of a group whose lines are prefetched before the group is reached.
  static constexpr std::size_t kFirstValues = 3;

  // Keys in order have their entries and lines anywhere in memory, and waiting for each would take most of the time.
  // g++ assumes that a function that only prefetches has no effect and removes calls to it, unless it is inlined.
  [[gnu::always_inline]] void prefetch_keys() const {
    std::size_t far = next_key_ + kGroupsAhead;
    if (far < end_key_) __builtin_prefetch(&grouped_.entries[grouped_.first_entry(far)]);
    std::size_t near = next_key_ + kGroupsAhead / 2;
    if (near >= end_key_) return;
    std::span<const Entry> entries = grouped_.entries.span().subspan(grouped_.first_entry(near));
    for (const Entry& entry : entries.first(std::min(entries.size(), kFirstValues))) {
      __builtin_prefetch(entry.line());
    }
  }

  const Grouped& grouped_;
  const EntryReader reader_;
  std::size_t next_key_;
  const std::size_t end_key_;
  std::size_t entry_ = 0;  // the group's first one
  std::size_t next_entry_ = 0;
  std::string_view value_;
};

// Calls work(0) ... work(count - 1), each once, on up to `threads` threads, and returns when all are done. Once `stop`
// is requested, no further call begins, and the result is kStopped.
Result<void> run_workers(std::size_t threads, std::size_t count, const std::stop_token& stop,
                         const std::function<void(std::size_t)>& work);

}  // namespace quern::shuffle
