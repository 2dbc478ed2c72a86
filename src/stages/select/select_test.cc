#include "stages/select/select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace quern::select {
namespace {

using testing::ElementsAre;

class Recorder final : public EventSink {
 public:
  void emit(const event::Event& event) override { bad.push_back(std::get<event::RecordBad>(event)); }
  std::vector<event::RecordBad> bad;
};

// Returns the given blocks, then fails if it was told to.
class Blocks final : public BlockSource {
 public:
  explicit Blocks(std::vector<Block> blocks, bool fails = false) : blocks_(std::move(blocks)), fails_(fails) {}
  Result<bool> next(Block& block) override {
    if (next_ == blocks_.size() && fails_) return Error{.kind = ErrorKind::kBadInput, .message = "broken"};
    if (next_ == blocks_.size()) return false;
    // Like the decoder, leaves everything that does not concern its bytes as the last owner left it.
    block.address = blocks_[next_].address;
    block.segments = blocks_[next_].segments;
    block.bytes = std::move(blocks_[next_++].bytes);
    return true;
  }

 private:
  std::vector<Block> blocks_;
  std::size_t next_ = 0;
  const bool fails_;
};

// Makes a segment for each list of lines; segment i is of input i and starts at line 10 * (i + 1).
Block block_of(const std::vector<std::vector<std::string>>& segments) {
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

struct Job {
  std::vector<std::string> fields;
  std::string where = "{}";
};

struct Selected {
  Block block;
  std::vector<event::RecordBad> bad;
};

Selected select(const Job& job, Block block) {
  json::Selection selection = json::parse_selection(job.fields, job.where).value();
  BufferPool pool(4, 1 << 20);
  Recorder recorder;
  std::vector<Block> blocks;
  blocks.push_back(std::move(block));
  auto source = make_selecting_source(std::make_unique<Blocks>(std::move(blocks)), selection, RecordKind::kKeyedJson,
                                      recorder, pool);
  Selected selected;
  EXPECT_TRUE(source->next(selected.block).value());
  selected.bad = recorder.bad;
  return selected;
}

std::vector<std::uint64_t> numbers_of(const Block& block) {
  std::vector<std::uint64_t> numbers;
  for (const KeptLine& line : block.kept) numbers.push_back(line.number);
  return numbers;
}

TEST(Select, ReducesRecordsAndRemembersTheirLines) {
  Selected selected = select({.fields = {"a"}}, block_of({{"k\t{\"a\":1,\"b\":2}", "", "l {\"b\":3}"}, {"{\"a\":4}"}}));
  EXPECT_EQ(selected.block.bytes.view(), "k\t{\"a\":1}\nl {}\n{\"a\":4}\n");
  EXPECT_EQ(selected.block.original.view(), "k\t{\"a\":1,\"b\":2}\n\nl {\"b\":3}\n{\"a\":4}\n");
  EXPECT_THAT(numbers_of(selected.block), ElementsAre(10, 12, 20));
  EXPECT_EQ(selected.block.segments[0].lines, 2);
  EXPECT_EQ(selected.block.segments[0].size_bytes, 15);
  EXPECT_EQ(selected.block.segments[1].size_bytes, 8);
  EXPECT_EQ(selected.block.dropped, 0);
}

TEST(Select, DropsRecordsAndLeavesTheOthersAsTheyAre) {
  Selected selected = select({.where = R"({"a":1})"},
                             block_of({{"{\"a\":0}", "{ \"a\": 1 }", "{\"a\":2}", "k {\"a\":1,\"b\":2}"}, {"{}"}}));
  EXPECT_EQ(selected.block.bytes.view(), "{ \"a\": 1 }\nk {\"a\":1,\"b\":2}\n");
  EXPECT_TRUE(selected.block.original.empty());
  EXPECT_THAT(numbers_of(selected.block), ElementsAre(11, 13));
  EXPECT_EQ(selected.block.dropped, 3);
  EXPECT_EQ(selected.block.segments[1].lines, 0);
  EXPECT_EQ(selected.block.segments[1].size_bytes, 0);
}

TEST(Select, LeavesABlockAloneOfWhichAllIsWanted) {
  Selected selected = select({.where = R"({"a":1})"}, block_of({{"{\"a\":1}", "{\"a\":1.0}"}}));
  EXPECT_EQ(selected.block.bytes.view(), "{\"a\":1}\n{\"a\":1.0}\n");
  EXPECT_TRUE(selected.block.kept.empty());
}

TEST(Select, ReportsBadLinesAsTheyWere) {
  for (const Job& job : {Job{.fields = {"a"}}, Job{.where = R"({"a":1})"}}) {
    Selected selected = select(job, block_of({{"{\"a\":0}", "k {\"a\":1"}, {"nothing", "{\"a\":1}"}}));
    ASSERT_EQ(selected.bad.size(), 2);
    EXPECT_EQ(selected.bad[0].input, 0);
    EXPECT_EQ(selected.bad[0].line, 11);
    EXPECT_EQ(selected.bad[0].record, "k {\"a\":1");
    EXPECT_EQ(selected.bad[0].reason, "the record is not JSON: it ends too early: column 9");
    EXPECT_EQ(selected.bad[1].input, 1);
    EXPECT_EQ(selected.bad[1].line, 20);
    EXPECT_EQ(numbers_of(selected.block).back(), 21);
  }
}

TEST(Select, GivesEmptyBlocksAndTheErrorsOfItsSource) {
  json::Selection selection = json::parse_selection({}, R"({"a":1})").value();
  BufferPool pool(4, 1 << 20);
  Recorder recorder;
  std::vector<Block> blocks;
  blocks.push_back(block_of({{"{}", "{}"}}));
  blocks.push_back(block_of({{"{\"a\":1}"}}));
  auto source = make_selecting_source(std::make_unique<Blocks>(std::move(blocks), true), selection, RecordKind::kJson,
                                      recorder, pool);
  Block block;
  ASSERT_TRUE(source->next(block).value());
  EXPECT_TRUE(block.bytes.empty());
  EXPECT_EQ(block.dropped, 2);
  EXPECT_EQ(block.segments.size(), 1);
  ASSERT_TRUE(source->next(block).value());
  EXPECT_EQ(block.dropped, 0);
  EXPECT_EQ(block.bytes.view(), "{\"a\":1}\n");
  EXPECT_EQ(source->next(block).error().message, "broken");
}

// With fields and where, every line that is left equals the record picked from the full one, and is where its KeptLine
// says.
TEST(Select, AgreesWithPickingFromFullRecords) {
  using Json = nlohmann::json;
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::vector<std::string>> segments(1 + random() % 3);
    for (auto& lines : segments) {
      for (std::size_t i = random() % 6; i > 0; --i) {
        Json record = {{"a", random() % 3}, {"b", {{"c", random() % 3}, {"d", std::string(random() % 20, 'x')}}}};
        lines.push_back(random() % 8 == 0 ? "bad" : "k " + record.dump());
      }
    }
    bool reduces = random() % 2 == 0;
    Job job{.where = R"({"a":[0,1],"b.c":{"min":1}})"};
    if (reduces) job.fields = {"b.c"};
    Selected selected = select(job, block_of(segments));
    std::string expected;
    std::vector<std::uint64_t> numbers;
    std::size_t dropped = 0;
    std::size_t bad = 0;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      for (std::size_t line = 0; line < segments[i].size(); ++line) {
        if (segments[i][line] == "bad") {
          ++bad;
          continue;
        }
        Json record = Json::parse(segments[i][line].substr(2));
        if (record["a"] == 2 || record["b"]["c"] == 0) {
          ++dropped;
          continue;
        }
        numbers.push_back(10 * (i + 1) + line);
        Json picked = {{"b", {{"c", record["b"]["c"]}}}};
        expected += "k " + (reduces ? picked : record).dump() + "\n";
      }
    }
    EXPECT_EQ(selected.block.bytes.view(), expected);
    EXPECT_EQ(selected.block.dropped, dropped);
    EXPECT_EQ(selected.bad.size(), bad);
    if (!selected.block.kept.empty()) {
      EXPECT_EQ(numbers_of(selected.block), numbers);
    }
  }
}

}  // namespace
}  // namespace quern::select
