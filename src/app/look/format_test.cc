#include "app/look/format.h"

#include <gtest/gtest.h>

#include <string>

namespace quern::app {
namespace {

struct Row {
  const char* name;
  std::string text;
  std::string record;
  std::string words;
  bool is_whole = true;
};

constexpr std::string_view kCommonLine = R"(10.0.0.1 - bob [10/Oct/2026:13:55:36 -0700] "GET /a HTTP/1.1" 200 2326)";
constexpr std::string_view kCombinedEnd = R"-( "http://x/\"y" "Mozilla/5.0 (X11)")-";

const Row kRows[] = {
    {"nothing", "", "text", "nothing"},
    {"blank lines", "\n \r\n", "text", "nothing"},
    {"JSON lines", "{\"a\":1}\n{\"a\":2}\n", "json", "JSON lines"},
    {"JSON lines without a last line end", "{\"a\":1}\r\n{\"a\":2}", "json", "JSON lines"},
    {"one record", "{\"a\":1}\n", "json", "JSON lines"},
    {"a record that was cut", "{\"a\":1}\n{\"a\":", "json", "JSON lines", false},
    {"only the beginning of a record", "{\"a\":[1,2,", "json", "JSON lines", false},
    {"few damaged records", "{}\n{}\n{}\n{}\n{\"a\n{}\n", "json", "JSON lines"},
    {"arrays, one a line", "[1]\n[2]\n", "json", "JSON lines"},
    {"keys and JSON", "a\t{\"a\":1}\nb {\"a\":2}\n", "keyed-json", "lines of a key and JSON"},
    {"some keys", "{\"a\":1}\nb {\"a\":2}\n", "keyed-json", "lines of a key and JSON"},
    {"a document", "{\n \"a\": 1\n}\n", "json-document", "JSON documents"},
    {"a document that was cut", "{\n \"a\": [{}, {}", "json-document", "JSON documents", false},
    {"an array over lines", "[\n{\"a\": 1},\n{\"a\": 2}\n]\n", "json-document", "a JSON array"},
    {"an array on one line", R"([{"a": 1}, {"a": 2}])", "json-document", "a JSON array"},
    {"an array that was cut", R"([{"a": 1}, {"a")", "json-document", "a JSON array", false},
    {"CSV", "name,n\nx,1\ny,2\n", "csv", "CSV with a header, 2 columns"},
    {"CSV with quotes", "name,n\r\n\"x, \"\"y\"\"\nz\",1\r\nw,2\r\n", "csv", "CSV with a header, 2 columns"},
    {"CSV that was cut", "name,n\nx,1\ny", "csv", "CSV with a header, 2 columns", false},
    {"semicolons", "a;b\n1,5;2\n2,5;3\n", "{csv: {delimiter: \";\"}}",
     "CSV (separated by ';') with a header, 2 columns"},
    {"no header", "1,x\n2,y\n", "{csv: {header: no}}", "CSV with no header, 2 columns"},
    {"a name twice and one missing", "a,a,\n1,2,3\n", "csv", "CSV with a header, 3 columns"},
    {"TSV", "a\tb, c\n1\t2\n", "tsv", "TSV with a header, 2 columns"},
    {"bars and no header", "1|2\n3|4\n", "{csv: {header: no, delimiter: \"|\"}}",
     "CSV (separated by '|') with no header, 2 columns"},
    {"common log", std::string(kCommonLine) + "\n", "common", "lines of a web server's log (common)"},
    {"combined log", std::string(kCommonLine) + std::string(kCombinedEnd) + "\n", "combined",
     "lines of a web server's log (combined)"},
    {"combined log and more", std::string(kCommonLine) + std::string(kCombinedEnd) + " 0.004 -\n", "text",
     "lines of text"},
    {"text", "Call me Ishmael.\nSome years ago, never mind\n", "text", "lines of text"},
    {"numbers", "1\n2\n", "text", "lines of text"},
    {"one line with commas", "a,b,c\n", "text", "lines of text"},
    {"rows of different lengths", "a,b\nc\n", "text", "lines of text"},
    {"words and braces", "see {x}\nand [y]\n", "text", "lines of text"},
};

TEST(DetectFormat, KnowsEachFormat) {
  for (const Row& row : kRows) {
    const Format format = detect_format({.bytes = row.text, .is_whole = row.is_whole});
    EXPECT_EQ(record_setting(format), row.record) << row.name;
    EXPECT_EQ(in_words(format), row.words) << row.name;
  }
}

}  // namespace
}  // namespace quern::app
