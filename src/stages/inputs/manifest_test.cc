#include "stages/inputs/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/text_source_for_test.h"
#include "services/s3/fake_client_for_test.h"

namespace quern::inputs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_view_literals;

// Reads a text in pieces of one size.
Result<std::vector<std::string>> parse_manifest(std::string_view text, std::size_t piece_bytes = 1 << 20) {
  TextSource source(std::string(text), piece_bytes);
  std::vector<std::string> lines;
  TRY(read_manifest(source, "files.txt", [&](const ManifestLine& line) -> Result<void> {
    std::string& shown = lines.emplace_back(std::to_string(line.number));
    shown.append(" ").append(line.name);
    if (line.size_bytes) shown.append(" ").append(std::to_string(*line.size_bytes));
    return {};
  }));
  return lines;
}

TEST(Manifest, HasOneNameALineAndPerhapsASize) {
  std::string_view text =
      "\xef\xbb\xbf"
      "a.gz\r\n\n  \t\nwith blank.gz\t12\r\na\tb\t0\n# no comment\nlast";
  for (std::size_t piece_bytes : {1, 2, 3, 7, 1000}) {
    EXPECT_THAT(parse_manifest(text, piece_bytes).value(),
                ElementsAre("1 a.gz", "4 with blank.gz 12", "5 a\tb 0", "6 # no comment", "7 last"));
  }
  EXPECT_THAT(parse_manifest("").value(), ElementsAre());
}

TEST(Manifest, NamesTheLineThatIsNoName) {
  std::string long_line(70'000, 'x');
  struct Row {
    std::string text;
    const char* message;
  };
  for (const Row& row :
       {Row{"a\nb\tten\n", "files.txt:2: what follows the TAB is not a size in bytes: ten"},
        Row{"a\t-1", "files.txt:1: what follows the TAB"},
        Row{"a\t99999999999999999999", "files.txt:1: what follows the TAB"},
        Row{"a\t1 ", "files.txt:1: what follows the TAB"}, Row{"\n\t7\n", "files.txt:2: there is a size, but no name"},
        Row{std::string("a\nb\0c\n"sv), "files.txt:2: the line holds a zero byte"},
        Row{"a\n" + long_line, "files.txt:2: the line is longer than 65536 bytes"}}) {
    for (std::size_t piece_bytes : {5, 100'000}) {
      auto lines = parse_manifest(row.text, piece_bytes);
      ASSERT_FALSE(lines.ok()) << row.message;
      EXPECT_THAT(lines.error().message, HasSubstr(row.message));
      EXPECT_EQ(lines.error().kind, ErrorKind::kBadConfig);
    }
  }
}

TEST(Manifest, PassesOnWhatItsReaderSays) {
  TextSource source("a\nb\n", 100);
  auto read = read_manifest(source, "files.txt", [](const ManifestLine& line) -> Result<void> {
    if (line.name == "b") return Error{.kind = ErrorKind::kNotFound, .message = "b is not there"};
    return {};
  });
  EXPECT_EQ(read.error().message, "files.txt:2: b is not there");
}

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
