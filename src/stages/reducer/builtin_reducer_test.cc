#include "stages/reducer/builtin_reducer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/limits.h"
#include "stages/reducer/fakes_for_test.h"

namespace quern::reducer {
namespace {

using ::testing::HasSubstr;
using Kind = Aggregation::Kind;

class CountedGroups final : public EventSink {
 public:
  void emit(const event::Event& event) override { groups += std::get<event::GroupsReduced>(event).groups; }
  std::uint64_t groups = 0;
};

Result<std::string> reduce(const BuiltinReducerOptions& options, const Groups& groups) {
  FakeSink sink;
  CountedGroups events;
  TRY(run_builtin_reducer(options, std::make_unique<FakeGroups>(groups), sink, events, {}));
  EXPECT_EQ(events.groups, groups.size());
  return sink.text;
}

TEST(BuiltinReducer, WritesALineForEachKey) {
  struct Row {
    Aggregation aggregation;
    std::string text;
  };
  const Groups groups = {{"a", {"2", "10", "2"}}, {"b", {"1.5"}}};
  const std::vector<Row> rows = {{{.kind = Kind::kSum}, "a 14\nb 1.5\n"},
                                 {{.kind = Kind::kCount}, "a 3\nb 1\n"},
                                 {{.kind = Kind::kMin}, "a 2\nb 1.5\n"},
                                 {{.kind = Kind::kMax}, "a 10\nb 1.5\n"},
                                 {{.kind = Kind::kMean}, "a 4.666666666666667\nb 1.5\n"},
                                 {{.kind = Kind::kList}, "a [\"2\", \"10\", \"2\"]\nb [\"1.5\"]\n"},
                                 {{.kind = Kind::kUnique}, "a [\"10\", \"2\"]\nb [\"1.5\"]\n"},
                                 {{.kind = Kind::kTop, .top_count = 2}, "a [\"10\", \"2\"]\nb [\"1.5\"]\n"}};
  for (const Row& row : rows) {
    EXPECT_EQ(reduce({.aggregation = row.aggregation, .separator = " "}, groups).value(), row.text);
  }
}

TEST(BuiltinReducer, TakesWhatIsAggregatedAlready) {
  EXPECT_EQ(
      reduce({.aggregation = {.kind = Kind::kCount}, .is_aggregated = true, .separator = "\t"}, {{"a", {"7"}}}).value(),
      "a\t7\n");
}

TEST(BuiltinReducer, NamesTheValueThatIsNoNumber) {
  auto result = reduce({.aggregation = {.kind = Kind::kSum}, .separator = " "}, {{"a", {"1", "x"}}});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("{builtin: sum} got the value 'x' of the key 'a'"));
}

TEST(BuiltinReducer, HandsALongListOverInPieces) {
  Groups groups = {{"a", {}}};
  for (int i = 0; i < 40; ++i) groups[0].second.push_back(std::string(limits::kBlockBytes / 10, 'x'));
  FakeSink sink;
  CountedGroups events;
  ASSERT_TRUE(run_builtin_reducer({.aggregation = {.kind = Kind::kList}, .separator = " "},
                                  std::make_unique<FakeGroups>(groups), sink, events, {})
                  .ok());
  EXPECT_GE(sink.added.size(), 4U);
  for (auto& [key, text] : sink.added) EXPECT_EQ(key, "a");
  EXPECT_EQ(sink.text.size(), 2 + 2 + 40 * (limits::kBlockBytes / 10 + 2) + 39 * 2 + 1);
}

}  // namespace
}  // namespace quern::reducer
