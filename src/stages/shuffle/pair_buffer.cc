#include "stages/shuffle/pair_buffer.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace quern::shuffle {
namespace {

// Entries are kept in pieces that begin small, for small jobs, and double in size up to a huge page.
constexpr std::size_t kFirstPieceBytes = std::size_t{32} << 10;

}  // namespace

void Taken::append(Taken other) {
  std::move(other.blocks.begin(), other.blocks.end(), std::back_inserter(blocks));
  std::move(other.pieces.begin(), other.pieces.end(), std::back_inserter(pieces));
  budget_bytes += other.budget_bytes;
  pairs += other.pairs;
}

Result<Grouped> group(Taken& taken, const GroupingOptions& options) {
  std::sort(taken.blocks.begin(), taken.blocks.end(),
            [](const CommittedBlock& a, const CommittedBlock& b) { return a.address < b.address; });
  std::vector<BlockEntries> entries;
  entries.reserve(taken.blocks.size());
  for (CommittedBlock& block : taken.blocks) entries.push_back(std::move(block.entries));
  return group(entries, options, [&] { taken.pieces.clear(); });
}

Result<void> PairBuffer::add(BlockOutput output) {
  std::lock_guard lock(mutex_);
  CommittedBlock block{.address = output.address, .lines = std::move(output.lines)};
  split(block);
  TRY(keep_entries(block.entries));
  held_.blocks.push_back(std::move(block));
  return {};
}

Taken PairBuffer::take() {
  std::lock_guard lock(mutex_);
  room_ = {};
  next_piece_bytes_ = 0;
  return std::exchange(held_, {});
}

void PairBuffer::split(CommittedBlock& block) {
  entries_.clear();
  numbers_.clear();
  std::erase_if(block.lines, [](const Buffer& lines) { return lines.empty(); });
  for (Buffer& lines : block.lines) {
    if (lines.view().back() != '\n') lines.push_back('\n');
    peers_.splitter.split(lines.view(), entries_, numbers_);
    count(lines.capacity(), 0);
  }
  count(peers_.splitter.partitions * sizeof(std::uint32_t), entries_.size());
}

// Stores the entries by partition; within each they keep their order.
Result<void> PairBuffer::keep_entries(BlockEntries& kept) {
  std::span<const Entry> source = entries_;
  if (peers_.splitter.partitions > 1) {
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

std::span<const Entry> PairBuffer::by_partition(std::vector<std::uint32_t>& ends) {
  ends.assign(peers_.splitter.partitions, 0);
  arranged_.resize(entries_.size());
  arrange_by_partition(entries_, numbers_, ends, arranged_);
  return arranged_;
}

Result<void> PairBuffer::make_room() {
  if (!room_.empty()) return {};
  next_piece_bytes_ = std::clamp(2 * next_piece_bytes_, kFirstPieceBytes, kHugePageBytes);
  // Counted twice, because sorting makes a second copy of all entries.
  count(2 * next_piece_bytes_, 0);
  TRY_ASSIGN(auto piece, HugeArray<Entry>::make(next_piece_bytes_ / sizeof(Entry)));
  room_ = piece.span();
  held_.pieces.push_back(std::move(piece));
  return {};
}

void PairBuffer::count(std::uint64_t bytes, std::uint64_t pairs) {
  held_.budget_bytes += bytes;
  held_.pairs += pairs;
  peers_.budget.take(bytes, pairs);
}

void arrange_by_partition(std::span<const Entry> entries, std::span<const std::uint32_t> numbers,
                          std::vector<std::uint32_t>& ends, std::span<Entry> arranged) {
  for (std::uint32_t number : numbers) ++ends[number];
  std::uint32_t begin = 0;
  for (std::uint32_t& end : ends) begin += std::exchange(end, begin);
  for (std::size_t i = 0; i < entries.size(); ++i) arranged[ends[numbers[i]]++] = entries[i];
}

}  // namespace quern::shuffle
