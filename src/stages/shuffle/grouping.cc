#include "stages/shuffle/grouping.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/task_group.h"
#include "stages/shuffle/bucket.h"

// Groups by hash, and sorts only the distinct keys. Entries are distributed to buckets by the upper bits of their keys'
// hashes; buckets are so small that each is grouped within the processor's caches. Distributing and grouping keep the
// order of the entries, so the values of a key need no sorting.

namespace quern::shuffle {
namespace {

// A bucket and its hash table should fit into the second-level cache, and so should the ends of all buckets.
constexpr std::size_t kEntriesPerBucket = 4096;
constexpr unsigned kMostBucketBits = 14;

// How many entries ahead a line is prefetched. Lines lie anywhere in memory, and waiting for them is most of the work.
constexpr std::size_t kPrefetchDistance = 16;

class Grouper {
 public:
  Grouper(const std::vector<BlockEntries>& blocks, const GroupingOptions& options)
      : blocks_(blocks), options_(options), reader_(options.separator), stop_(options.stop) {}

  Result<Grouped> run(const std::function<void()>& release) {
    TRY(deal());
    release();
    TRY(group_buckets());
    TRY(list_keys());
    TRY(sort_keys());
    return std::move(grouped_);
  }

 private:
  Result<void> deal();
  void plan_buckets();
  void place_buckets();
  Result<void> group_buckets();
  Result<void> list_keys();
  void list_keys_of(std::size_t bucket);
  Result<void> sort_keys();

  std::size_t bucket_count() const { return options_.partitions << bucket_bits_; }
  std::size_t bucket_of(std::size_t partition, const Entry& entry) const {
    return (partition << bucket_bits_) + ((std::uint64_t{entry.hash} << bucket_bits_) >> 32);
  }
  std::size_t bucket_begin(std::size_t bucket) const { return bucket == 0 ? 0 : bucket_ends_[bucket - 1]; }
  std::span<Entry> bucket_entries(std::size_t bucket) const {
    return grouped_.entries.span().subspan(bucket_begin(bucket), bucket_ends_[bucket] - bucket_begin(bucket));
  }

  const std::vector<BlockEntries>& blocks_;
  const GroupingOptions& options_;
  const EntryReader reader_;
  const std::stop_token& stop_;
  std::size_t total_ = 0;
  unsigned bucket_bits_ = 0;
  std::vector<std::size_t> range_ends_;           // in blocks_: where each thread's share ends
  std::vector<std::vector<std::uint32_t>> next_;  // [range][bucket]: a count, then the next index
  std::vector<std::size_t> bucket_ends_;          // in entries
  std::vector<std::size_t> key_counts_;           // of each bucket
  std::vector<std::size_t> key_begins_;           // of each bucket
  Grouped grouped_;
};

template <typename Use>
void for_each_entry(const BlockEntries& block, const Use& use) {
  std::size_t partition = 0;
  std::size_t index = 0;
  for (std::span<Entry> piece : block.pieces) {
    for (const Entry& entry : piece) {
      while (index == block.ends[partition]) ++partition;
      use(partition, entry);
      ++index;
    }
  }
}

void Grouper::plan_buckets() {
  for (const BlockEntries& block : blocks_) total_ += block.count();
  while (bucket_bits_ < kMostBucketBits && total_ / bucket_count() > kEntriesPerBucket) ++bucket_bits_;
  std::size_t before = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    before += blocks_[i].count();
    if (before * options_.threads >= total_ * (range_ends_.size() + 1)) range_ends_.push_back(i + 1);
  }
  next_.assign(range_ends_.size(), std::vector<std::uint32_t>(bucket_count(), 0));
}

// Turns the counts in next_ into the index at which each range's part of each bucket begins. Within a bucket, parts
// follow each other in the order of the ranges, which is the order of the input.
void Grouper::place_buckets() {
  bucket_ends_.resize(bucket_count());
  std::size_t at = 0;
  for (std::size_t bucket = 0; bucket < bucket_count(); ++bucket) {
    for (auto& next : next_) at += std::exchange(next[bucket], static_cast<std::uint32_t>(at));
    bucket_ends_[bucket] = at;
  }
}

Result<void> Grouper::deal() {
  plan_buckets();
  TRY_ASSIGN(grouped_.entries, HugeArray<Entry>::make(total_));
  auto in_range = [this](std::size_t range, const auto& use) {
    for (std::size_t i = range == 0 ? 0 : range_ends_[range - 1]; i < range_ends_[range]; ++i) {
      if (stop_.stop_requested()) return;
      for_each_entry(blocks_[i], use);
    }
  };
  TRY(run_workers(options_.threads, range_ends_.size(), stop_, [&](std::size_t range) {
    auto& counts = next_[range];
    in_range(range, [&](std::size_t partition, const Entry& entry) { ++counts[bucket_of(partition, entry)]; });
  }));
  place_buckets();
  return run_workers(options_.threads, range_ends_.size(), stop_, [&](std::size_t range) {
    auto& next = next_[range];
    Entry* entries = grouped_.entries.data();
    in_range(range,
             [&](std::size_t partition, const Entry& entry) { entries[next[bucket_of(partition, entry)]++] = entry; });
  });
}

Result<void> Grouper::group_buckets() {
  key_counts_.assign(bucket_count(), 0);
  std::atomic<std::size_t> next_bucket = 0;
  std::atomic<bool> failed = false;
  TRY(run_workers(options_.threads, options_.threads, stop_, [&](std::size_t) {
    BucketGrouper grouper(reader_, kPrefetchDistance);
    for (std::size_t i = next_bucket++; i < bucket_count() && !stop_.stop_requested() && !failed; i = next_bucket++) {
      Result<std::size_t> keys = grouper.group(bucket_entries(i));
      if (keys.ok()) key_counts_[i] = keys.value();
      if (!keys.ok()) failed = true;
    }
  }));
  if (failed) return Error{.kind = ErrorKind::kNoSpace, .message = "the system has no more memory for the shuffle"};
  return {};
}

void Grouper::list_keys_of(std::size_t bucket) {
  std::span<Entry> entries = bucket_entries(bucket);
  std::size_t begin = bucket_begin(bucket);
  KeyNumber* key = grouped_.keys.data() + key_begins_[bucket];
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::size_t ahead = i + kPrefetchDistance;
    if (ahead < entries.size() && entries[ahead].is_first_of_group()) __builtin_prefetch(entries[ahead].line());
    if (entries[i].is_first_of_group()) {
      *key++ = key_number(reader_.key(entries[i]), static_cast<std::uint32_t>(begin + i));
    }
  }
}

Result<void> Grouper::list_keys() {
  key_begins_.resize(bucket_count());
  std::size_t keys = 0;
  for (std::size_t bucket = 0; bucket < bucket_count(); ++bucket) {
    key_begins_[bucket] = keys;
    keys += key_counts_[bucket];
    if ((bucket + 1) % (std::size_t{1} << bucket_bits_) == 0) grouped_.key_ends.push_back(keys);
  }
  TRY_ASSIGN(grouped_.keys, HugeArray<KeyNumber>::make(keys));
  return run_workers(options_.threads, bucket_count(), stop_, [&](std::size_t bucket) { list_keys_of(bucket); });
}

Result<void> Grouper::sort_keys() {
  KeySorter sorter(reader_, grouped_.entries.span(), stop_);
  std::size_t threads_each = std::max<std::size_t>(1, options_.threads / options_.partitions);
  return run_workers(options_.threads, options_.partitions, stop_, [&](std::size_t partition) {
    std::size_t begin = partition == 0 ? 0 : grouped_.key_ends[partition - 1];
    sorter.sort(grouped_.keys.span().subspan(begin, grouped_.key_ends[partition] - begin), threads_each);
  });
}

}  // namespace

Result<Grouped> group(const std::vector<BlockEntries>& blocks, const GroupingOptions& options,
                      const std::function<void()>& release) {
  return Grouper(blocks, options).run(release);
}

Result<void> run_workers(std::size_t threads, std::size_t count, const std::stop_token& stop,
                         const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  auto take_work = [&](const std::stop_token& group_stop) -> Result<void> {
    for (std::size_t i = next++; i < count && !group_stop.stop_requested(); i = next++) work(i);
    return {};
  };
  if (std::min(threads, count) <= 1) {
    TRY(take_work(stop));
  } else {
    TaskGroup group(stop);
    for (std::size_t i = 0; i < std::min(threads, count); ++i) group.spawn("shuffle", take_work);
    TRY(group.wait());
  }
  if (stop.stop_requested()) return stopped();
  return {};
}

}  // namespace quern::shuffle
