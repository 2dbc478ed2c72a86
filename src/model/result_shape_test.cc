#include "model/result_shape.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "model/aggregate.h"

namespace quern {
namespace {

using namespace std::string_literals;

TEST(ResultShape, OrdersByTheAggregateOfTwoColumnsWithOneName) {
  Job job;
  job.steps.resize(1);
  job.group = {"a", "n"};
  job.aggregate = {{.name = "sum", .aggregate = {.name = "sum"}, .path = "x", .label = {}},
                   {.name = "n", .aggregate = {.name = "unique"}, .path = "y", .label = {}}};
  job.order = {.by = "n"};
  EXPECT_EQ(ordered_column(job), 3U);
  job.order->by = "a";
  EXPECT_EQ(ordered_column(job), 0U);
  job.order->by = "key";
  EXPECT_EQ(ordered_column(job), std::nullopt);
  EXPECT_TRUE(result_columns(job)[3].is_array);
  job.steps.resize(2);  // a further step makes other pairs of the columns
  EXPECT_EQ(ordered_column(job), 0U);
}

TEST(ResultShape, NamesColumnsAsTheRecordDoes) {
  Job job;
  job.steps.resize(1);
  job.aggregate = {{.name = "n", .aggregate = {.name = "count"}, .path = "", .label = {}}};
  const std::vector<std::pair<std::string, std::string>> names = {{"a", "a"},
                                                                  {"a.b", "a.b"},
                                                                  {R"("a.b")", "a.b"},
                                                                  {"'a b'", "a b"},
                                                                  {R"("say \"a\" \\")", R"(say "a" \)"},
                                                                  {R"('it\'s')", "it's"},
                                                                  {R"("")", ""},
                                                                  {R"("a.b".c)", R"("a.b".c)"},
                                                                  {R"("a"[0])", R"("a"[0])"}};
  for (const auto& [path, name] : names) {
    job.group = {path};
    EXPECT_EQ(result_columns(job)[0].name, name);
    for (const std::string& by : {path, name}) {
      job.order = {.by = by};
      EXPECT_EQ(ordered_column(job), 0U) << by;
    }
  }
}

TEST(Cells, AreReadAsTheyWereWritten) {
  std::string bytes;
  const std::vector<std::string> cells = {"", "a b", "\0"s, std::string(kNoResult), "12 ", "- ", "null"};
  for (const std::string& cell : cells) append_cell(cell, bytes);
  std::string_view rest = bytes;
  for (const std::string& cell : cells) EXPECT_EQ(take_cell(rest), cell);
  EXPECT_EQ(take_cell(rest), std::nullopt);
}

TEST(Cells, RefuseWhatIsNone) {
  for (std::string_view bytes : {"", "-", "3", "3 ab", "x a", " a", "-1 a", "99999999999999999999999 a"}) {
    EXPECT_EQ(take_cell(bytes), std::nullopt) << bytes;
  }
}

}  // namespace
}  // namespace quern
