#include "app/look/look_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/utf8.h"

namespace quern::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Look look_of(const std::vector<std::string>& records) {
  json::RecordProfile profile;
  for (const std::string& record : records) EXPECT_TRUE(profile.add(record)) << record;
  return {.inputs = 1,
          .stored_bytes = 100,
          .compressions = {{Compression::kNone, 1}},
          .format = {.is_empty = false, .kind = RecordKind::kJson},
          .decoded_bytes = 100,
          .records = records.size(),
          .is_exact = true,
          .read_inputs = 1,
          .read_records = records.size(),
          .read_bytes = 100,
          .paths = profile.paths()};
}

const std::vector<std::string> kRecords = {R"({"os": "Linux", "n": 1})", R"({"os": "Linux", "n": 2.5})",
                                           R"({"os": null, "n": "x"})"};

TEST(LookText, ShowsATableAndAJob) {
  EXPECT_EQ(look_text(look_of(kRecords), {.named = {.inputs = {"a.json"}}}),
            "1 input, 100 B stored (not compressed)\n"
            "JSON lines, 3 records\n"
            "\n"
            "PATH  TYPE                                   IN  DISTINCT  EXAMPLES   SMALLEST  LARGEST\n"
            "os    string 67%, null 33%                 100%         1  Linux      Linux     Linux\n"
            "n     integer 33%, number 33%, string 33%  100%         3  1, 2.5, x  1         2.5\n"
            "\n"
            "A job file (analysis-tools.yml) that counts the records of each os:\n"
            "  mapper: {builtin: pairs, key: os, value: 1}\n"
            "  reducer: {builtin: sum}\n"
            "  record: json\n"
            "  inputs: [a.json]\n"
            "Or write a job with a mapper of its own: quern init myjob --from a.json\n");
}

TEST(LookText, SaysThatItEstimates) {
  Look look = look_of(kRecords);
  look.inputs = 2000;
  look.compressions = {{Compression::kGzip, 1500}, {Compression::kXz, 500}};
  look.decoded_bytes = 123'456'789;
  look.records = 1'234'567;
  look.is_exact = false;
  EXPECT_THAT(look_text(look, {}),
              HasSubstr("2,000 inputs, 100 B stored (500 xz, 1,500 gz), about 123.5 MB decoded\n"
                        "JSON lines, about 1,230,000 records; read: 3 records in 1 input (100 B)\n"));
}

TEST(LookText, FitsTheTerminal) {
  const std::string wide(100, 'w');
  Look look =
      look_of({"{\"" + wide + "\": \"" + wide + "\", \"漢字漢字漢字漢字\": \"漢字漢字漢字漢字漢字漢字漢字漢字\"}"});
  for (std::size_t columns : {20U, 40U, 80U, 200U}) {
    std::istringstream text(look_text(look, {.columns = columns}));
    std::string line;
    while (std::getline(text, line) && !line.starts_with("PATH")) continue;
    while (std::getline(text, line) && !line.empty()) EXPECT_LE(utf8::columns_of(line), columns) << line;
  }
}

TEST(LookText, IsSafeForATerminal) {
  const Look look = look_of({R"({"\u001b[31mred\n": "a\u001b]0;x\u0007\nb"})"});
  EXPECT_THAT(look_text(look, {.named = {.inputs = {"\x1b[1m"}}}), Not(HasSubstr("\x1b")));
}

TEST(LookText, BoundsTheNumberOfPaths) {
  std::string record = "{\"a\": 1";
  for (int i = 0; i < 300; ++i) record += ", \"b" + std::to_string(i) + "\": 1";
  const Look look = look_of({record + "}", record + "}"});
  EXPECT_THAT(look_text(look, {}), HasSubstr("\n... and 101 more paths\n"));
  EXPECT_EQ(nlohmann::json::parse(look_json(look, {}))["paths"].size(), 200U);
  EXPECT_EQ(nlohmann::json::parse(look_json(look, {}))["more_paths"], 101);
}

TEST(LookText, NamesWhatIsOdd) {
  Look look = look_of(kRecords);
  for (int i = 0; i < 12; ++i) look.failed.push_back({"f" + std::to_string(i), "it is a zip archive"});
  look.others.push_back({"t.csv", "CSV with a header, 2 columns"});
  look.bad_records = 1;
  look.bad_reason = "it ends too early";
  const std::string text = look_text(look, {});
  EXPECT_THAT(text, HasSubstr("1 record is not JSON; the first: it ends too early\n"));
  EXPECT_THAT(text, HasSubstr("cannot be read: f0: it is a zip archive\n"));
  EXPECT_THAT(text, HasSubstr("cannot be read: 2 more\n"));
  EXPECT_THAT(text, HasSubstr("another format: t.csv: CSV with a header, 2 columns\n"));
}

TEST(LookJson, HasTheSame) {
  Look look = look_of(kRecords);
  look.failed.push_back({"\xff", "reason"});
  const auto object = nlohmann::json::parse(look_json(look, {.named = {.inputs = {"a.json"}}}));
  EXPECT_EQ(object["record"], "json");
  EXPECT_EQ(object["records"], 3);
  EXPECT_EQ(object["exact"], true);
  EXPECT_EQ(object["compressions"], nlohmann::json({{"none", 1}}));
  EXPECT_EQ(object["failed"][0]["reason"], "reason");
  EXPECT_EQ(object["paths"][1], nlohmann::json({{"path", "n"},
                                                {"records", 3},
                                                {"types", {{"integer", 1}, {"number", 1}, {"string", 1}}},
                                                {"distinct", 3},
                                                {"more_distinct", false},
                                                {"examples", {"1", "2.5", "x"}},
                                                {"smallest", "1"},
                                                {"largest", "2.5"}}));
  EXPECT_THAT(std::string(object["job"]), HasSubstr("key: os"));
}

}  // namespace
}  // namespace quern::app
