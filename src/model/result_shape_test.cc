#include "model/result_shape.h"

#include <gtest/gtest.h>

#include <string>

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

TEST(Cells, AreReadAsTheyWereWritten) {
  std::string bytes;
  for (const std::string& cell : {""s, "a b"s, "\0"s, "12 "s}) append_cell(cell, bytes);
  std::string_view rest = bytes;
  for (const std::string& cell : {""s, "a b"s, "\0"s, "12 "s}) EXPECT_EQ(take_cell(rest), cell);
  EXPECT_EQ(take_cell(rest), std::nullopt);
}

TEST(Cells, RefuseWhatIsNone) {
  for (std::string_view bytes : {"", "3", "3 ab", "x a", " a", "-1 a", "99999999999999999999999 a"}) {
    EXPECT_EQ(take_cell(bytes), std::nullopt) << bytes;
  }
}

}  // namespace
}  // namespace quern
