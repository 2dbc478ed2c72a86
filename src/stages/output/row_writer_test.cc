#include "stages/output/row_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/aggregate.h"

namespace quern::output {
namespace {

using namespace std::string_literals;

class TextSink final : public ByteSink {
 public:
  Result<void> write(std::string_view bytes) override {
    text.append(bytes);
    return {};
  }
  std::string text;
};

const std::vector<ResultColumn> kTwoColumns = {{.name = "a,b"}, {.name = "list", .is_array = true}};

std::string written_rows(RowFormat format, const std::vector<std::vector<std::string_view>>& rows) {
  TextSink sink;
  RowWriter writer(std::move(format), sink);
  EXPECT_TRUE(writer.begin().ok());
  for (const auto& row : rows) EXPECT_TRUE(writer.write(row).ok());
  EXPECT_TRUE(writer.finish().ok());
  return sink.text;
}

TEST(RowWriter, WritesTextWithItsSeparator) {
  EXPECT_EQ(written_rows({.columns = kTwoColumns, .separator = "::"}, {{"x", "y"}, {"", ""}}), "x::y\n::\n");
  EXPECT_EQ(written_rows({.columns = kTwoColumns, .separator = " ", .are_pairs = true}, {{"x y", ""}, {"x", "y"}}),
            "x y\nx y\n");
}

TEST(RowWriter, QuotesCellsOfTablesWhereItMust) {
  EXPECT_EQ(written_rows({.format = ResultFormat::kCsv, .columns = kTwoColumns},
                         {{"x y", R"(["1", "2"])"}, {"a\tb", "c\rd"}, {"", "'"}}),
            "\"a,b\",list\nx y,\"[\"\"1\"\", \"\"2\"\"]\"\na\tb,\"c\rd\"\n,'\n");
  EXPECT_EQ(written_rows({.format = ResultFormat::kTsv, .columns = kTwoColumns}, {{"a\tb", "c,d"}}),
            "a,b\tlist\n\"a\tb\"\tc,d\n");
  EXPECT_EQ(written_rows({.format = ResultFormat::kCsv, .columns = {{.name = "n"}}}, {{""}}), "n\n\"\"\n");
}

TEST(RowWriter, WritesNumbersOfJsonAsNumbers) {
  const std::vector<ResultColumn> columns = {{.name = "n"}};
  for (std::string_view number : {"0", "-0", "17", "-1.5", "1e5", "0.1E-7", "123456789012345678901234567890"}) {
    EXPECT_EQ(written_rows({.format = ResultFormat::kJsonl, .columns = columns}, {{number}}),
              "{\"n\": " + std::string(number) + "}\n");
  }
  for (std::string_view text :
       {"", "-", "007", "+1", ".5", "1.", "1e", "1e+", " 1", "1 ", "nan", "inf", "1e400", "0x1", "true", "1,5"}) {
    EXPECT_EQ(written_rows({.format = ResultFormat::kJsonl, .columns = columns}, {{text}}),
              "{\"n\": \"" + std::string(text) + "\"}\n");
  }
}

TEST(RowWriter, WritesObjectsWithArraysAndTexts) {
  EXPECT_EQ(
      written_rows({.format = ResultFormat::kJsonl, .columns = kTwoColumns},
                   {{"say \"hi\"\\\0"s, R"(["1"])"}, {"\xff", kNoResult}}),
      "{\"a,b\": \"say \\\"hi\\\"\\\\\\u0000\", \"list\": [\"1\"]}\n{\"a,b\": \"\xef\xbf\xbd\", \"list\": null}\n");
}

TEST(RowWriter, DistinguishesNoResultFromTheTextNullInColumns) {
  const std::vector<ResultColumn> columns = {{.name = "a"}, {.name = "b"}};
  const std::vector<std::vector<std::string_view>> rows = {{"null", kNoResult}};
  auto written = [&](ResultFormat format, bool are_pairs) {
    return written_rows({.format = format, .columns = columns, .separator = " ", .are_pairs = are_pairs}, rows);
  };
  EXPECT_EQ(written(ResultFormat::kJsonl, false), "{\"a\": \"null\", \"b\": null}\n");
  EXPECT_EQ(written(ResultFormat::kJsonl, true), "{\"a\": null, \"b\": null}\n");
  EXPECT_EQ(written(ResultFormat::kCsv, false), "a,b\nnull,null\n");
  EXPECT_EQ(written(ResultFormat::kText, false), "null null\n");
}

TEST(RowWriter, WritesNoHeaderForLinesOfObjects) {
  EXPECT_EQ(written_rows({.format = ResultFormat::kJsonl, .columns = kTwoColumns}, {}), "");
}

}  // namespace
}  // namespace quern::output
