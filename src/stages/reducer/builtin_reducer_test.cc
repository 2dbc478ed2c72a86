#include "stages/reducer/builtin_reducer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/limits.h"
#include "stages/reducer/fakes_for_test.h"

namespace quern::reducer {
namespace {

using ::testing::StartsWith;
using Kind = Aggregation::Kind;

class CountedGroups final : public EventSink {
 public:
  void emit(const event::Event& event) override {
    if (const auto* reduced = std::get_if<event::GroupsReduced>(&event)) groups += reduced->groups;
    if (const auto* bad = std::get_if<event::GroupBad>(&event)) reasons.push_back(bad->key + ": " + bad->reason);
    if (const auto* text = std::get_if<event::ComparedAsText>(&event)) as_text = *text;
  }
  std::uint64_t groups = 0;
  std::vector<std::string> reasons;
  event::ComparedAsText as_text;
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
                                 {{.kind = Kind::kStddev}, "a 4.618802153517006\nb null\n"},
                                 {{.kind = Kind::kList}, "a [\"2\", \"10\", \"2\"]\nb [\"1.5\"]\n"},
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

TEST(BuiltinReducer, LeavesOutWhatIsNoNumber) {
  struct Row {
    Aggregation aggregation;
    std::string text;
    std::vector<std::string> reasons;  // the beginnings of the reasons
    std::uint64_t as_text;
  };
  const Groups groups = {{"a", {"1", "x", "3", "nan"}}, {"b", {"y"}}, {"c", {"z", "w"}}};
  const std::vector<Row> rows = {
      {{.kind = Kind::kSum}, "a nan\n", {"a: {builtin: sum} got the value 'x'", "b: ", "c: ", "c: "}, 0},
      {{.kind = Kind::kTop, .top_count = 5}, "a [\"3\", \"1\"]\n", {"a: ", "a: ", "b: ", "c: ", "c: "}, 0},
      {{.kind = Kind::kMax}, "a 3\nb y\nc z\n", {"a: {builtin: max} got numbers, and other values such as 'x'"}, 2},
      {{.kind = Kind::kMin}, "a 1\nb y\nc w\n", {"a: {builtin: min} got numbers, and other values such as 'nan'"}, 2}};
  for (const Row& row : rows) {
    FakeSink sink;
    CountedGroups events;
    const BuiltinReducerOptions options{.aggregation = row.aggregation, .separator = " "};
    ASSERT_TRUE(run_builtin_reducer(options, std::make_unique<FakeGroups>(groups), sink, events, {}).ok());
    EXPECT_EQ(sink.text, row.text);
    ASSERT_EQ(events.reasons.size(), row.reasons.size()) << name_of(row.aggregation.kind);
    for (std::size_t i = 0; i < row.reasons.size(); ++i) {
      EXPECT_THAT(events.reasons[i], StartsWith(row.reasons[i]));
    }
    EXPECT_EQ(events.as_text.keys, row.as_text);
    EXPECT_EQ(events.as_text.first_key, row.as_text > 0 ? "b" : "");
  }
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
