#include "stages/shuffle/shuffle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <utility>

#include "base/bytes.h"
#include "stages/shuffle/entry.h"
#include "stages/shuffle/grouping.h"
#include "stages/shuffle/huge_array.h"

namespace quern::shuffle {
namespace {

// Entries are kept in pieces that begin small, for small jobs, and double up to a huge page.
constexpr std::size_t kFirstPieceBytes = std::size_t{32} << 10;

// How many groups ahead of the current one its first entry, and half as far its line, are asked for.
constexpr std::size_t kGroupsAhead = 16;
constexpr std::size_t kValuesAhead = 16;
// Entries of a group whose lines are asked for before the group is reached.
constexpr std::size_t kFirstValues = 3;

struct CommittedBlock {
  BlockAddress address;
  BlockEntries entries;
  std::vector<Buffer> lines;
};

// What one sink took. Its blocks and pieces never move, so its thread fills them without a lock.
struct Shelf {
  std::vector<CommittedBlock> blocks;
  std::deque<HugeArray<Entry>> pieces;
};

// "256 MiB" as people write limits.
std::string binary_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"GiB", "MiB", "KiB", "bytes"};
  unsigned shift = 30;
  for (std::string_view unit : kUnits) {
    if (shift == 0 || (bytes >> shift != 0 && bytes % (std::uint64_t{1} << shift) == 0)) {
      return fmt::format("{} {}", bytes >> shift, unit);
    }
    shift -= 10;
  }
  return {};
}

// Counts what all sinks hold. Any thread.
class Budget {
 public:
  explicit Budget(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  Result<void> take_bytes(std::uint64_t bytes) {
    std::uint64_t used = used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (used <= limit_bytes_) return {};
    return Error{
        .kind = ErrorKind::kNoSpace,
        .message = fmt::format("the shuffle needs more than limits.memory ({}): the mapped pairs fill it before "
                               "the last input is mapped; raise limits.memory (--memory {}), or let the mapper "
                               "write fewer or shorter pairs",
                               binary_size(limit_bytes_), suggested())};
  }
  Result<void> take_pairs(std::uint64_t pairs) {
    if (pairs_.fetch_add(pairs, std::memory_order_relaxed) + pairs <= kMostPairs) return {};
    return Error{
        .kind = ErrorKind::kNoSpace,
        .message = fmt::format("the mappers wrote more than {} pairs, the most that one job can shuffle; let the "
                               "mapper sum up what it can, or cut the inputs into several jobs",
                               kMostPairs)};
  }

 private:
  static constexpr std::uint64_t kMostPairs = 0xffffffff;

  std::string suggested() const {
    constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
    return fmt::format("{}GiB", std::max<std::uint64_t>(2, (limit_bytes_ + kGiB - 1) / kGiB * 2));
  }

  const std::uint64_t limit_bytes_;
  std::atomic<std::uint64_t> used_bytes_ = 0;
  std::atomic<std::uint64_t> pairs_ = 0;
};

class MemorySink : public BlockSink {
 public:
  MemorySink(Shelf& shelf, Budget& budget, const ShuffleOptions& options)
      : shelf_(shelf), budget_(budget), splitter_{.separator = options.separator, .partitions = options.partitions} {}

  Result<void> commit(BlockOutput output) override {
    CommittedBlock block{.address = output.address, .lines = std::move(output.lines)};
    TRY(split(block));
    TRY(budget_.take_pairs(entries_.size()));
    TRY(keep_entries(block.entries));
    shelf_.blocks.push_back(std::move(block));
    return {};
  }

 private:
  Result<void> split(CommittedBlock& block) {
    entries_.clear();
    numbers_.clear();
    std::erase_if(block.lines, [](const Buffer& lines) { return lines.empty(); });
    for (Buffer& lines : block.lines) {
      if (lines.view().back() != '\n') lines.push_back('\n');
      TRY(budget_.take_bytes(lines.capacity()));
      splitter_.split(lines.view(), entries_, numbers_);
    }
    return {};
  }

  // The entries by partition, in the order in which they came.
  Result<void> keep_entries(BlockEntries& kept) {
    TRY(budget_.take_bytes(splitter_.partitions * sizeof(std::uint32_t)));
    std::span<const Entry> source = entries_;
    if (splitter_.partitions > 1) {
      source = by_partition(kept.ends);
    } else {
      kept.ends = {static_cast<std::uint32_t>(entries_.size())};
    }
    while (!source.empty()) {
      TRY(make_room());
      std::span<Entry> piece = room_.first(std::min(room_.size(), source.size()));
      std::copy_n(source.begin(), piece.size(), piece.begin());
      kept.pieces.push_back(piece);
      source = source.subspan(piece.size());
      room_ = room_.subspan(piece.size());
    }
    return {};
  }

  std::span<const Entry> by_partition(std::vector<std::uint32_t>& ends) {
    ends.assign(splitter_.partitions, 0);
    for (std::uint32_t number : numbers_) ++ends[number];
    std::uint32_t begin = 0;
    for (std::uint32_t& end : ends) begin += std::exchange(end, begin);
    arranged_.resize(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i) arranged_[ends[numbers_[i]]++] = entries_[i];
    return arranged_;
  }

  Result<void> make_room() {
    if (!room_.empty()) return {};
    // Twice, because sorting makes a second copy of all entries.
    TRY(budget_.take_bytes(2 * next_piece_bytes_));
    TRY_ASSIGN(auto piece, HugeArray<Entry>::make(next_piece_bytes_ / sizeof(Entry)));
    room_ = piece.span();
    shelf_.pieces.push_back(std::move(piece));
    next_piece_bytes_ = std::min(2 * next_piece_bytes_, kHugePageBytes);
    return {};
  }

  Shelf& shelf_;
  Budget& budget_;
  const Splitter splitter_;
  std::size_t next_piece_bytes_ = kFirstPieceBytes;
  std::span<Entry> room_;  // what is free of the last piece
  // Of one block, reused for the next.
  std::vector<Entry> entries_;
  std::vector<Entry> arranged_;
  std::vector<std::uint32_t> numbers_;
};

class MemoryGroups : public GroupSource {
 public:
  // Keys from `begin` to `end` of `grouped`.
  MemoryGroups(const Grouped& grouped, std::string_view separator, std::size_t begin, std::size_t end)
      : grouped_(grouped), reader_(separator), next_key_(begin), end_key_(end) {}

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
    // The lines of a group's first entries are already asked for, and a short group has no further ones.
    std::size_t ahead = next_entry_ + kValuesAhead;
    if (next_entry_ >= entry_ + kFirstValues && ahead < entries.size()) __builtin_prefetch(entries[ahead].line());
    value_ = reader_.value(entries[next_entry_++]);
    return true;
  }
  std::string_view key() const override { return reader_.key(grouped_.entries[entry_]); }
  std::string_view value() const override { return value_; }

 private:
  // Keys in order have their entries and lines anywhere in memory: waiting for each would take most of the time.
  void prefetch_keys() const {
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
  std::size_t entry_ = 0;  // the first one of the group
  std::size_t next_entry_ = 0;
  std::string_view value_;
};

class MemoryShuffle : public Shuffle {
 public:
  explicit MemoryShuffle(ShuffleOptions options) : options_(std::move(options)), budget_(options_.memory_bytes) {
    CHECK(options_.partitions > 0 && !options_.separator.empty());
  }

  std::unique_ptr<BlockSink> sink() override {
    std::lock_guard lock(mutex_);
    return std::make_unique<MemorySink>(shelves_.emplace_back(), budget_, options_);
  }

  Result<void> finish(const std::set<InputOrdinal>& failed_inputs, std::stop_token stop) override {
    collect(failed_inputs);
    std::vector<BlockEntries> entries;
    entries.reserve(blocks_.size());
    for (CommittedBlock& block : blocks_) entries.push_back(std::move(block.entries));
    GroupingOptions grouping{.separator = options_.separator,
                             .partitions = options_.partitions,
                             .threads = std::max<std::size_t>(1, options_.threads)};
    TRY_ASSIGN(grouped_, group(
                             entries, grouping, [this] { shelves_.clear(); }, stop));
    return {};
  }

  Result<std::unique_ptr<GroupSource>> groups(std::size_t partition) override {
    CHECK(partition < grouped_.key_ends.size());
    std::size_t begin = partition == 0 ? 0 : grouped_.key_ends[partition - 1];
    return std::unique_ptr<GroupSource>(
        std::make_unique<MemoryGroups>(grouped_, options_.separator, begin, grouped_.key_ends[partition]));
  }

 private:
  // The blocks of all sinks in input order. A packed block holds whole good inputs only, so it is a block's first input
  // that says whether it counts.
  void collect(const std::set<InputOrdinal>& failed_inputs) {
    for (Shelf& shelf : shelves_) {
      for (CommittedBlock& block : shelf.blocks) {
        if (!failed_inputs.contains(block.address.input)) blocks_.push_back(std::move(block));
      }
      shelf.blocks.clear();
    }
    std::sort(blocks_.begin(), blocks_.end(),
              [](const CommittedBlock& a, const CommittedBlock& b) { return a.address < b.address; });
  }

  const ShuffleOptions options_;
  Budget budget_;
  std::mutex mutex_;           // of shelves_, while sinks are made
  std::deque<Shelf> shelves_;  // one for each sink
  std::vector<CommittedBlock> blocks_;
  Grouped grouped_;
};

}  // namespace

std::unique_ptr<Shuffle> Shuffle::make(ShuffleOptions options) {
  return std::make_unique<MemoryShuffle>(std::move(options));
}

}  // namespace quern::shuffle
