#include "stages/inputs/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/s3/fake_client_for_test.h"

namespace quern::inputs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::vector<std::string>> parse_entries(const std::string& json) {
  std::vector<std::string> entries;
  auto take = [&](const IndexEntry& entry) -> Result<void> {
    entries.push_back(entry.name + " " +
                      (entry.size_bytes.has_value() ? std::to_string(*entry.size_bytes) : std::string("?")));
    return {};
  };
  TRY(parse_index(json, take));
  return entries;
}

TEST(ParseIndex, TakesNamesAndSizes) {
  auto entries = parse_entries(R"([{"file_name": "a/b", "size": 12}, {"file_name": "c", "size": null, "more": 1},
                           {"file_name": "d"}])");
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  EXPECT_THAT(entries.value(), ElementsAre("a/b 12", "c ?", "d ?"));
}

TEST(ParseIndex, SaysWhatIsWrong) {
  struct Row {
    const char* json;
    const char* message;
  };
  for (const Row& row : {
           Row{"", "is not JSON"},
           Row{"<html>", "is not JSON"},
           Row{"{}", "is not a list"},
           Row{"[1]", "entry 1, no object"},
           Row{"[{}]", "without a \"file_name\""},
           Row{R"([{"file_name": ""}])", "without a \"file_name\""},
           Row{R"([{"file_name": "a\u0000b"}])", "a zero byte"},
           Row{R"([{"file_name": "a"}, {"file_name": "b", "size": -1}])", "entry 2, a \"size\""},
           Row{R"([{"file_name": "a", "size": "1"}])", "a \"size\" that is not a number"},
           Row{R"([{"file_name": "a", "size": 1.5}])", "a \"size\" that is not a number"},
       }) {
    auto entries = parse_entries(row.json);
    ASSERT_FALSE(entries.ok()) << row.json;
    EXPECT_EQ(entries.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(entries.error().message, HasSubstr(row.message));
  }
}

TEST(AskIndex, PostsTheFilter) {
  http::FakeClient client([](const http::Request&) -> Result<http::Response> {
    return http::Response{.head = {.status = 200}, .body = R"([{"file_name": "a", "size": 1}])"};
  });
  std::size_t count = 0;
  auto take = [&](const IndexEntry&) -> Result<void> {
    ++count;
    return {};
  };
  ASSERT_TRUE(ask_index(client, "http://index.test/files", R"({"version":1})", take, {}).ok());
  EXPECT_EQ(count, 1U);
  ASSERT_EQ(client.asked.size(), 1U);
  EXPECT_EQ(client.asked[0].method, "POST");
  EXPECT_EQ(client.asked[0].url, "http://index.test/files");
  EXPECT_EQ(client.asked[0].body, R"({"filter":{"version":1}})");
}

}  // namespace
}  // namespace quern::inputs
