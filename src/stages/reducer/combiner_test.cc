#include "stages/reducer/combiner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern::reducer {
namespace {

using ::testing::ElementsAre;

// Writes every group as a single line "key:values".
class FakeCombiner final : public Combiner {
 public:
  explicit FakeCombiner(bool& is_finished, bool is_sorted = false) : is_finished_(is_finished), is_sorted_(is_sorted) {}
  bool wants_sorted_keys() const override { return is_sorted_; }
  Result<void> start() override { return {}; }
  Result<void> combine(const OpenGroups& open, ReducedSink& sink, const std::stop_token& /*stop*/) override {
    TRY_ASSIGN(auto groups, open());
    while (groups->next_group().value()) {
      std::string line = std::string(groups->key()) + " ";
      if (line == "bad ") return Error{.kind = ErrorKind::kChildFailed, .message = "no"};
      while (groups->next_value().value()) line.append(groups->value()).append(",");
      TRY(sink.add("", line + "\n"));
    }
    return {};
  }
  Result<void> finish() override {
    is_finished_ = true;
    return {};
  }

 private:
  bool& is_finished_;
  const bool is_sorted_;
};

class FakeBlockSink final : public BlockSink {
 public:
  explicit FakeBlockSink(std::vector<std::string>& taken) : taken_(taken) {}
  Result<void> commit(BlockOutput output) override {
    std::string text;
    for (const Buffer& lines : output.lines) text += lines.view();
    taken_.push_back(text);
    return {};
  }

 private:
  std::vector<std::string>& taken_;
};

BlockOutput block(std::vector<std::string> chunks) {
  BlockOutput output;
  for (const std::string& chunk : chunks) output.lines.emplace_back().append(chunk);
  return output;
}

TEST(CombiningSink, CombinesEachBlockForItself) {
  std::vector<std::string> taken;
  NoEvents events;
  int made = 0;
  bool is_finished = false;
  {
    auto sink = make_combining_sink(std::make_unique<FakeBlockSink>(taken), " ",
                                    [&]() -> Result<std::unique_ptr<Combiner>> {
                                      ++made;
                                      return std::unique_ptr<Combiner>(std::make_unique<FakeCombiner>(is_finished));
                                    },
                                    events, {});
    ASSERT_TRUE(sink->commit(block({})).ok());
    EXPECT_EQ(made, 0);
    ASSERT_TRUE(sink->commit(block({"b 1\na 2\n", "b 3\nc\na 4 5\n"})).ok());
    ASSERT_TRUE(sink->commit(block({"b 6\n"})).ok());
  }
  EXPECT_EQ(made, 1);
  EXPECT_TRUE(is_finished);
  EXPECT_THAT(taken, ElementsAre("", "b 1,3,\na 2,4 5,\nc ,\n", "b 6,\n"));
}

TEST(CombiningSink, SortsTheKeysOfABlockWhereThatIsWanted) {
  std::vector<std::string> taken;
  NoEvents events;
  bool is_finished = false;
  auto sink = make_combining_sink(std::make_unique<FakeBlockSink>(taken), " ",
                                  [&]() -> Result<std::unique_ptr<Combiner>> {
                                    return std::unique_ptr<Combiner>(std::make_unique<FakeCombiner>(is_finished, true));
                                  },
                                  events, {});
  ASSERT_TRUE(sink->commit(block({"b 2\na 9\n", "b 1\n\xff 1\n"})).ok());
  EXPECT_THAT(taken, ElementsAre("a 9,\nb 2,1,\n\xff 1,\n"));
}

TEST(CombiningSink, CommitsNothingOfABlockThatCannotBeCombined) {
  std::vector<std::string> taken;
  NoEvents events;
  bool is_finished = false;
  auto sink = make_combining_sink(std::make_unique<FakeBlockSink>(taken), " ",
                                  [&]() -> Result<std::unique_ptr<Combiner>> {
                                    return std::unique_ptr<Combiner>(std::make_unique<FakeCombiner>(is_finished));
                                  },
                                  events, {});
  EXPECT_FALSE(sink->commit(block({"a 1\nbad 1\n"})).ok());
  EXPECT_TRUE(taken.empty());
}

}  // namespace
}  // namespace quern::reducer
