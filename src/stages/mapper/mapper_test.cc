#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "model/limits.h"
#include "services/process/guard_for_test.h"
#include "stages/mapper/batch.h"
#include "stages/mapper/block_lines.h"

namespace quern::mapper {
namespace {

// A block with one segment for each list of lines; segment i is of input i and starts at line 10 * (i + 1).
Block make_block(const std::vector<std::vector<std::string>>& segments) {
  Block block;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    Segment segment{.input = static_cast<InputOrdinal>(i), .first_line = 10 * (i + 1), .lines = segments[i].size()};
    for (const std::string& line : segments[i]) {
      block.bytes.append(line + "\n");
      segment.size_bytes += line.size() + 1;
    }
    block.segments.push_back(segment);
  }
  return block;
}

TEST(BlockLines, FindsALineInItsSegment) {
  Block block = make_block({{"a", "", "ccc"}, {"d"}});
  EXPECT_EQ(line_at(block, {.segment = 0, .line = 1}), "");
  EXPECT_EQ(line_at(block, {.segment = 0, .line = 2}), "ccc");
  EXPECT_EQ(line_at(block, {.segment = 1, .line = 0}), "d");
  EXPECT_EQ(line_number(block, {.segment = 0, .line = 2}), 12);
  EXPECT_FALSE(has_line(block, {.segment = 0, .line = 3}));
  EXPECT_FALSE(has_line(block, {.segment = 2, .line = 0}));
}

TEST(BlockLines, APairIsTwoLinesOfTheBytesAndOneRecord) {
  Block block = make_block({{"a\n1", "\n", "New York\n3"}, {"d\n"}});
  block.record_lines = 2;
  EXPECT_EQ(line_at(block, {.segment = 0, .line = 2}), "New York\n3");
  EXPECT_EQ(line_at(block, {.segment = 1, .line = 0}), "d\n");
  remove_line(block, {.segment = 0, .line = 1});
  EXPECT_EQ(block.bytes.view(), "a\n1\nNew York\n3\nd\n\n");
  EXPECT_EQ(line_number(block, {.segment = 1, .line = 0}), 12);
  remove_lines_before(block, {.segment = 1, .line = 0});
  EXPECT_EQ(block.bytes.view(), "New York\n3\nd\n\n");
}

TEST(BlockLines, RemovingALineKeepsTheNumbersOfTheOthers) {
  Block block = make_block({{"a", "b", "c"}, {"d"}});
  remove_line(block, {.segment = 0, .line = 1});
  EXPECT_EQ(block.bytes.view(), "a\nc\nd\n");
  ASSERT_EQ(block.segments.size(), 3);
  EXPECT_EQ(line_at(block, {.segment = 1, .line = 0}), "c");
  EXPECT_EQ(line_number(block, {.segment = 1, .line = 0}), 12);
  EXPECT_EQ(line_number(block, {.segment = 2, .line = 0}), 20);
  EXPECT_EQ(count_lines(block), 3);
}

// Whichever lines are removed, in any order, the others keep their own numbers.
TEST(BlockLines, RemovingTheLinesBeforeKeepsTheNumberOfTheLine) {
  Block block = make_block({{"a", ""}, {"b", " \t", "c", "d"}});
  EXPECT_EQ(count_lines_before(block, {.segment = 1, .line = 2}), 4);
  EXPECT_EQ(count_blank_before(block, {.segment = 1, .line = 2}), 2);
  remove_lines_before(block, {.segment = 1, .line = 2});
  EXPECT_EQ(block.bytes.view(), "c\nd\n");
  ASSERT_EQ(block.segments.size(), 1);
  EXPECT_EQ(block.segments[0].input, 1);
  EXPECT_EQ(block.segments[0].size_bytes, 4);
  EXPECT_EQ(line_number(block, {}), 22);
  remove_lines_before(block, {});
  EXPECT_EQ(count_lines(block), 2);
}

TEST(BlockLines, RemovingHoldsForRandomBlocks) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::vector<std::string>> segments(1 + random() % 3);
    for (auto& lines : segments) {
      lines.resize(1 + random() % 6);
      for (std::string& line : lines) line = std::string(random() % 4, 'x') + std::to_string(random());
    }
    Block block = make_block(segments);
    while (count_lines(block) > 0) {
      std::size_t at = random() % block.segments.size();
      if (block.segments[at].lines == 0) continue;
      remove_line(block, {.segment = at, .line = random() % block.segments[at].lines});
      for (std::size_t i = 0; i < block.segments.size(); ++i) {
        for (std::uint64_t line = 0; line < block.segments[i].lines; ++line) {
          std::uint64_t number = line_number(block, {.segment = i, .line = line});
          InputOrdinal input = block.segments[i].input;
          EXPECT_EQ(line_at(block, {.segment = i, .line = line}), segments[input][number - 10 * (input + 1)]);
        }
      }
    }
    EXPECT_TRUE(block.bytes.empty());
  }
}

std::vector<Input> inputs_of_sizes(const std::vector<std::uint64_t>& sizes) {
  std::vector<Input> inputs;
  for (std::uint64_t size : sizes) inputs.push_back({.name = "x", .path = "x", .stored_bytes = size});
  return inputs;
}

std::vector<std::size_t> batch_sizes(const std::vector<Batch>& batches) {
  std::vector<std::size_t> sizes;
  for (const Batch& batch : batches) sizes.push_back(batch.inputs.size());
  return sizes;
}

TEST(PlanBatches, FillsABatchUpToItsBytesAndLeavesALargeInputAlone) {
  std::uint64_t half = limits::kLeastBatchBytes / 2;
  auto batches = plan_batches(inputs_of_sizes({half, half, 1, 3 * half, 1, 1}), 64);
  EXPECT_THAT(batch_sizes(batches), testing::ElementsAre(2, 1, 1, 2));
  EXPECT_EQ(batches.back().inputs.back(), 5);
}

TEST(PlanBatches, TakesAPartOfAllBytesIntoEachBatch) {
  const std::uint64_t all = limits::kBatchParts * limits::kMiB;
  EXPECT_THAT(plan_batches(inputs_of_sizes(std::vector<std::uint64_t>(4096, all / 4096)), 64),
              testing::SizeIs(limits::kBatchParts));
  EXPECT_THAT(plan_batches(inputs_of_sizes(std::vector<std::uint64_t>(100, 64 * all / 100)), 64), testing::SizeIs(100));
}

TEST(PlanBatches, LeavesAnInputOfUnknownSizeAlone) {
  std::vector<Input> inputs = inputs_of_sizes({1, 0, 1, 1});
  inputs[1].size_is_known = false;
  EXPECT_THAT(batch_sizes(plan_batches(inputs, 64)), testing::ElementsAre(1, 1, 2));
}

TEST(PlanBatches, LimitsTheNumberOfInputs) {
  auto batches = plan_batches(inputs_of_sizes(std::vector<std::uint64_t>(129, 0)), 64);
  EXPECT_THAT(batch_sizes(batches), testing::ElementsAre(64, 64, 1));
}

TEST(PlanBatches, GivesEachInputAChildOfItsOwnWhenAsked) {
  EXPECT_THAT(batch_sizes(plan_batches(inputs_of_sizes({1, 1, 1}), 1)), testing::ElementsAre(1, 1, 1));
  EXPECT_TRUE(plan_batches({}, 1).empty());
}

class Recorder final : public EventSink {
 public:
  void emit(const event::Event& event) override { events.push_back(event); }
  std::vector<event::Event> events;
};

// The peers of a worker that reports to this recorder; the run ends with the second bad record.
struct Peers {
  PackedInputs inputs;
  BufferPool pool{1, 1};
  process::NoGuard guard;
  Recorder recorder;
  MapperPeers peers{.inputs = inputs,
                    .pool = pool,
                    .guard = guard,
                    .events = recorder,
                    .make_sink = {},
                    .begin = {},
                    .would_end = [](std::uint64_t bad_records) { return bad_records > 1; }};
};

TEST(BatchEvents, HoldsBackWhatCountsUntilTheBatchIsCommitted) {
  Peers peers;
  Recorder& recorder = peers.recorder;
  BatchEvents events(peers.peers, true);
  events.emit(event::Counted{"g", "n", 1});
  events.emit(event::RecordBad{.input = 0, .line = 1});
  EXPECT_TRUE(recorder.events.empty());
  events.emit(event::ModuleLine{event::Role::kMapper, 1, "hello"});
  EXPECT_EQ(recorder.events.size(), 1);
  events.commit();
  EXPECT_EQ(recorder.events.size(), 3);
}

TEST(BatchEvents, TellsBadRecordsAtOnceThatEndTheRun) {
  Peers peers;
  BatchEvents events(peers.peers, true);
  events.emit(event::RecordBad{.input = 0, .line = 1});
  EXPECT_TRUE(peers.recorder.events.empty());
  events.emit(event::RecordBad{.input = 0, .line = 2});
  EXPECT_EQ(peers.recorder.events.size(), 2);
  events.commit();
  EXPECT_EQ(peers.recorder.events.size(), 2);
}

TEST(BatchEvents, CountsBytesInTheFirstAttemptOnly) {
  Peers peers;
  BatchEvents(peers.peers, true).emit(event::InputProgress{.input = 0, .stored_bytes = 5});
  BatchEvents(peers.peers, false).emit(event::InputProgress{.input = 0, .stored_bytes = 5});
  EXPECT_EQ(peers.recorder.events.size(), 1);
}

}  // namespace
}  // namespace quern::mapper
