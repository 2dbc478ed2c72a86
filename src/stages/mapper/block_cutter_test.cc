#include "stages/mapper/block_cutter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "stages/mapper/block_lines.h"

namespace quern::mapper {
namespace {

// What a record is, wherever it was cut.
struct Seen {
  InputOrdinal input = 0;
  std::uint64_t number = 0;
  std::string text;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> lines_of(const Block& block) {
  std::vector<Seen> lines;
  for (std::size_t segment = 0; segment < block.segments.size(); ++segment) {
    for (std::uint64_t line = 0; line < block.segments[segment].lines; ++line) {
      const LinePlace place{.segment = segment, .line = line};
      lines.push_back({.input = block.segments[segment].input,
                       .number = line_number(block, place),
                       .text = std::string(line_at(block, place))});
    }
  }
  return lines;
}

std::vector<InputOrdinal> inputs_of(const Block& block) {
  std::vector<InputOrdinal> inputs;
  for (const Segment& segment : block.segments) inputs.push_back(segment.input);
  return inputs;
}

class RandomBlocks {
 public:
  explicit RandomBlocks(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }

  // Of several inputs, some of them empty; whole records, selected ones, or pairs.
  Block make() {
    Block block{.address = {.input = 7, .number = 3}, .record_lines = 1 + below(2)};
    const bool is_selected = block.record_lines == 1 && below(2) == 0;
    const bool is_reduced = is_selected && below(2) == 0;
    const std::size_t inputs = 1 + below(5);
    for (std::size_t input = 0; input < inputs; ++input) {
      Segment segment{.input = static_cast<InputOrdinal>(7 + input), .first_line = 1 + below(9), .lines = below(6)};
      for (std::uint64_t line = 0; line < segment.lines; ++line) {
        const std::size_t bytes_before = block.bytes.size();
        if (is_selected) block.kept.push_back({.number = 10 + 3 * line, .offset = block.original.size() + 1});
        if (is_reduced) block.original.append("-" + std::string(below(9), 'o') + "\n");
        for (std::size_t i = 0; i < block.record_lines; ++i) block.bytes.append(std::string(below(9), 'r') + "\n");
        segment.size_bytes += block.bytes.size() - bytes_before;
      }
      block.segments.push_back(segment);
    }
    if (is_selected) block.dropped = below(4);
    if (is_selected) block.made_from_bytes = std::max(block.bytes.size(), block.original.size()) + below(20);
    return block;
  }

 private:
  std::mt19937 random_;
};

void append(std::vector<Seen>& all, std::vector<Seen> more) { all.insert(all.end(), more.begin(), more.end()); }

TEST(BlockCutter, GivesEveryRecordAndInputOnceWhereverItCuts) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    RandomBlocks blocks(seed);
    Block block = blocks.make();
    const std::vector<Seen> lines = lines_of(block);
    const std::vector<InputOrdinal> inputs = inputs_of(block);
    const std::uint64_t dropped = block.dropped;
    const std::uint64_t decoded = block.decoded_bytes();
    BlockCutter cutter(std::move(block));
    std::vector<Seen> cut_lines;
    std::vector<InputOrdinal> cut_inputs;
    std::uint64_t cut_dropped = 0;
    std::uint64_t cut_decoded = 0;
    while (!cutter.is_used_up()) {
      BlockCutter::Piece piece = cutter.next(1 + blocks.below(30));
      EXPECT_EQ(piece.block.address, (BlockAddress{.input = 7, .number = 3}));
      append(cut_lines, lines_of(piece.block));
      for (InputOrdinal input : inputs_of(piece.block)) {
        if (cut_inputs.empty() || cut_inputs.back() != input) cut_inputs.push_back(input);
      }
      cut_dropped += piece.block.dropped;
      cut_decoded += piece.decoded_bytes;
    }
    ASSERT_EQ(cut_lines, lines) << "seed " << seed;
    ASSERT_EQ(cut_inputs, inputs) << "seed " << seed;
    ASSERT_EQ(cut_dropped, dropped) << "seed " << seed;
    ASSERT_EQ(cut_decoded, decoded) << "seed " << seed;
  }
}

Block block_of(std::string_view lines) {
  Block block;
  block.bytes.append(lines);
  block.segments = {{.size_bytes = lines.size()}};
  for (char byte : lines) block.segments[0].lines += byte == '\n' ? 1 : 0;
  return block;
}

TEST(BlockCutter, CutsAfterTheRecordThatHasTheLastByte) {
  BlockCutter cutter(block_of("aa\nbbbb\ncc\ndddddddd\n"));
  EXPECT_EQ(cutter.next(1).block.bytes.view(), "aa\n");
  EXPECT_EQ(cutter.next(5).block.bytes.view(), "bbbb\n");
  EXPECT_EQ(cutter.next(1).block.bytes.view(), "cc\n");
  EXPECT_EQ(cutter.next(1).block.bytes.view(), "dddddddd\n");
  EXPECT_TRUE(cutter.is_used_up());
}

TEST(BlockCutter, TakesAllInsteadOfLeavingLittle) {
  BlockCutter cutter(block_of("aa\nbb\ncc\n"));
  EXPECT_EQ(cutter.next(6).block.bytes.view(), "aa\nbb\ncc\n");
  EXPECT_TRUE(cutter.is_used_up());
}

TEST(BlockCutter, DoesNotCopyABlockThatStaysWhole) {
  Block block = block_of("aa\nbb\n");
  const char* bytes = block.bytes.data();
  EXPECT_EQ(BlockCutter(std::move(block)).next(100).block.bytes.data(), bytes);
}

TEST(BlockCutter, LeavesABlockWithoutRecordsWhole) {
  Block block{.segments = {{.input = 1}, {.input = 2}}, .dropped = 5};
  BlockCutter cutter(std::move(block));
  BlockCutter::Piece piece = cutter.next(1);
  EXPECT_TRUE(cutter.is_used_up());
  EXPECT_EQ(piece.block.dropped, 5U);
  EXPECT_EQ(piece.block.segments.size(), 2U);
}

}  // namespace
}  // namespace quern::mapper
