#include "app/run/sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "model/input.h"

namespace quern::app {
namespace {

// Gives these blocks, and reports what it is told to report before each.
class ScriptedBlocks final : public BlockSource {
 public:
  struct Step {
    std::vector<event::Event> before;
    std::vector<std::pair<InputOrdinal, std::string>> segments;  // whole inputs, or the next lines of one
  };
  ScriptedBlocks(std::vector<Step> steps, EventSink& events) : steps_(std::move(steps)), events_(events) {}

  Result<bool> next(Block& block) override {
    if (at_ == steps_.size()) return false;
    const Step& step = steps_[at_++];
    for (const event::Event& event : step.before) events_.emit(event);
    if (step.segments.empty()) return false;
    block = Block();
    for (const auto& [input, text] : step.segments) {
      const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
      block.segments.push_back(
          {.input = input, .first_line = next_line_[input] + 1, .lines = lines, .size_bytes = text.size()});
      next_line_[input] += lines;
      block.bytes.append(text);
    }
    return true;
  }

 private:
  const std::vector<Step> steps_;
  EventSink& events_;
  std::size_t at_ = 0;
  std::map<InputOrdinal, std::uint64_t> next_line_;
};

class KeptEvents final : public EventSink {
 public:
  void emit(const event::Event& event) override {
    if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
      words.push_back("bad " + std::to_string(bad->input) + ":" + std::to_string(bad->line));
    } else if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
      words.push_back("decoded " + std::to_string(decoded->input) + " in " + std::to_string(decoded->blocks));
    } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
      words.push_back("failed " + std::to_string(failed->input));
    }
  }
  std::vector<std::string> words;
};

struct Read {
  std::vector<std::string> blocks;  // "input.number@first line:bytes"
  std::vector<std::string> events;
};

Read read_all(std::vector<ScriptedBlocks::Step> steps, RecordSample& sample, bool blank_is_record = false) {
  KeptEvents events;
  auto make = [&](EventSink& sink) { return std::make_unique<ScriptedBlocks>(std::move(steps), sink); };
  auto source = make_sampled_source(make, {.first = 0, .count = 9}, sample, blank_is_record, events, {});
  Read read;
  Block block;
  while (true) {
    auto more = source->next(block);
    if (!more.ok() || !more.value()) break;
    std::string shown = std::to_string(block.address.input) + "." + std::to_string(block.address.number);
    std::size_t at = 0;
    for (const Segment& segment : block.segments) {
      const std::string_view text = block.bytes.view().substr(at, segment.size_bytes);
      EXPECT_EQ(static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')), segment.lines);
      shown += "@" + std::to_string(segment.first_line) + ":" + std::string(text);
      at += segment.size_bytes;
    }
    EXPECT_EQ(at, block.bytes.size());
    read.blocks.push_back(shown);
  }
  read.events = events.words;
  return read;
}

event::Event decoded(InputOrdinal input) { return event::InputDecoded{.input = input, .blocks = 7}; }
event::Event bad(InputOrdinal input, std::uint64_t line) { return event::RecordBad{.input = input, .line = line}; }
event::Event failed(InputOrdinal input) { return event::InputFailed{.input = input, .error = {}}; }

using Words = std::vector<std::string>;

TEST(FirstRecords, EndWithinABlock) {
  FirstRecords sample(3);
  const Read read = read_all({{{}, {{0, "a\nb\n"}}}, {{}, {{0, "c\nd\n"}}}, {{decoded(0)}, {}}}, sample);
  EXPECT_EQ(read.blocks, (Words{"0.0@1:a\nb\n", "0.1@3:c\n"}));
  EXPECT_EQ(read.events, (Words{"decoded 0 in 2"}));
  EXPECT_TRUE(sample.is_complete());
}

TEST(FirstRecords, LeaveWhatIsComplete) {
  FirstRecords sample(10);
  const Read read = read_all({{{decoded(0), decoded(1), decoded(2)}, {{0, "a\n"}, {2, "b\nc\n"}}}}, sample);
  EXPECT_EQ(read.blocks, (Words{"0.0@1:a\n@1:b\nc\n"}));
  EXPECT_EQ(read.events, (Words{"decoded 0 in 1", "decoded 1 in 0", "decoded 2 in 0"}));
  EXPECT_FALSE(sample.is_complete());
}

TEST(FirstRecords, LeaveOutInputsBehindTheEnd) {
  FirstRecords sample(2);
  const Read read = read_all(
      {{{failed(1), failed(4), decoded(0), decoded(2), decoded(3)}, {{0, "a\n"}, {2, "b\nc\n"}, {3, "d\n"}}}}, sample);
  EXPECT_EQ(read.blocks, (Words{"0.0@1:a\n@1:b\n"}));
  EXPECT_EQ(read.events, (Words{"failed 1", "decoded 0 in 1", "decoded 2 in 0"}));
}

TEST(FirstRecords, CountBadRecordsInTheirPlace) {
  // Lines 2 and 4 could not be read; empty lines stand for them.
  const std::vector<ScriptedBlocks::Step> steps = {{{bad(0, 2), bad(0, 4)}, {{0, "a\n\nb\n\nc\n"}}},
                                                   {{decoded(0)}, {}}};
  FirstRecords two(2);
  EXPECT_EQ(read_all(steps, two).events, (Words{"bad 0:2", "decoded 0 in 1"}));
  FirstRecords three(3);
  const Read read = read_all(steps, three);
  EXPECT_EQ(read.blocks, (Words{"0.0@1:a\n@3:b\n"}));
  EXPECT_EQ(read.events, (Words{"bad 0:2", "decoded 0 in 1"}));
  FirstRecords four(4);
  EXPECT_EQ(read_all(steps, four).events, (Words{"bad 0:2", "bad 0:4", "decoded 0 in 1"}));
}

TEST(FirstRecords, CountBlankLinesOnlyIfTheyAreRecords) {
  const std::vector<ScriptedBlocks::Step> steps = {{{}, {{0, "a\n\n \t\nb\nc\n"}}}, {{decoded(0)}, {}}};
  FirstRecords sample(2);
  EXPECT_EQ(read_all(steps, sample).blocks, (Words{"0.0@1:a\n@4:b\n"}));
  FirstRecords of_text(2);
  EXPECT_EQ(read_all(steps, of_text, true).blocks, (Words{"0.0@1:a\n\n"}));
}

// Takes one line at a time, and only some.
class EverySecondLine final : public RecordSample {
 public:
  std::uint64_t most(const std::stop_token&) override { return 1; }
  bool wants(InputOrdinal, std::uint64_t line) const override { return line % 2 == 0; }
  void took(const Block&, std::uint64_t records, std::uint64_t) override { EXPECT_EQ(records, 1U); }
  bool is_complete() const override { return false; }
};

TEST(SampledSource, NumbersTheBlocksOfEachInput) {
  EverySecondLine sample;
  const Read read = read_all(
      {{{decoded(0), decoded(1)}, {{0, "a\nb\nc\nd\n"}, {1, "e\nf\n"}}}, {{decoded(2)}, {{2, "g\n"}}}}, sample);
  EXPECT_EQ(read.blocks, (Words{"0.0@2:b\n", "0.1@4:d\n", "1.0@2:f\n"}));
  EXPECT_EQ(read.events, (Words{"decoded 0 in 2", "decoded 1 in 1", "decoded 2 in 0"}));
}

TEST(SampledSource, LeavesOutBadRecordsThatItDoesNotWant) {
  EverySecondLine sample;
  const Read read = read_all({{{bad(0, 1), bad(0, 5), decoded(0)}, {{0, "\nb\nc\nd\n\n"}}}}, sample);
  EXPECT_EQ(read.blocks, (Words{"0.0@2:b\n", "0.1@4:d\n"}));
  EXPECT_EQ(read.events, (Words{"decoded 0 in 2"}));
}

TEST(SampledSource, GivesWhatIsBeforeTheEndHoweverInputsAreCut) {
  std::minstd_rand random(7);  // NOLINT(cert-msc51-cpp): the same in every run
  for (int round = 0; round < 300; ++round) {
    std::vector<ScriptedBlocks::Step> steps;
    std::string all;
    const auto inputs = static_cast<InputOrdinal>(1 + random() % 3);
    for (InputOrdinal input = 0; input < inputs; ++input) {
      for (std::size_t blocks = random() % 3; blocks > 0; --blocks) {
        std::string text;
        for (std::size_t lines = 1 + random() % 4; lines > 0; --lines) text += std::string(random() % 3, 'x') + "\n";
        all += text;
        steps.push_back({{}, {{input, text}}});
      }
    }
    const std::uint64_t records = 1 + random() % 8;
    FirstRecords sample(records);
    std::string given;
    KeptEvents events;
    auto make = [&](EventSink& sink) { return std::make_unique<ScriptedBlocks>(steps, sink); };
    auto source = make_sampled_source(make, {.first = 0, .count = 9}, sample, true, events, {});
    Block block;
    while (source->next(block).value()) given += block.bytes.view();
    std::size_t end = 0;
    for (std::uint64_t left = records; left > 0 && end < all.size(); --left) end = all.find('\n', end) + 1;
    ASSERT_EQ(given, all.substr(0, end)) << records << " records of " << all;
  }
}

class ShuffledQueue final : public WorkQueue {
 public:
  std::optional<std::size_t> next(const std::stop_token&) override {
    if (order_.empty()) return std::nullopt;
    const std::size_t piece = order_.front();
    order_.erase(order_.begin());
    return piece;
  }

 private:
  std::vector<std::size_t> order_ = {2, 0, 3, 1};
};

TEST(SampledQueue, HandsOutPiecesInOrder) {
  FirstRecords sample(1);
  auto queue = make_sampled_queue(std::make_unique<ShuffledQueue>(), sample);
  for (std::size_t piece = 0; piece < 3; ++piece) EXPECT_EQ(queue->next({}), piece);
  sample.took(Block(), 1, 0);
  EXPECT_EQ(queue->next({}), std::nullopt);
}

}  // namespace
}  // namespace quern::app
