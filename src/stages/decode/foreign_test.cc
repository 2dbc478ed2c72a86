#include "stages/decode/foreign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace quern::decode {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

// A tar of one empty file in the form before POSIX, which has no magic.
std::string tar() {
  std::string header(512, '\0');
  header.replace(0, 5, "a.txt");
  header.replace(100, 8, "0000644\0"s);
  header.replace(148, 8, 8, ' ');
  unsigned sum = 0;
  for (char byte : header) sum += static_cast<unsigned char>(byte);
  std::string digits = "0000000\0"s;
  for (int i = 5; sum > 0; --i, sum /= 8) digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + sum % 8);
  digits[6] = '\0';
  header.replace(148, 7, digits, 0, 7);
  return header + std::string(1024, '\0');
}

std::string wide(std::string_view text, std::size_t width, bool is_big) {
  std::string bytes;
  for (char byte : text) {
    if (is_big) bytes.append(width - 1, '\0');
    bytes += byte;
    if (!is_big) bytes.append(width - 1, '\0');
  }
  return bytes;
}

TEST(ForeignFormat, IsKnownByItsContent) {
  using Sample = std::pair<const char*, std::string>;
  for (const auto& [what, bytes] : {Sample{"zip", "PK\x03\x04\x14\0\0\0\x08\0"s},
                                    Sample{"zip", "PK\x05\x06\0\0\0\0"s},
                                    Sample{"7z", "7z\xbc\xaf\x27\x1c\0\x04"s},
                                    Sample{"lzop", "\x89LZO\0\r\n\x1a\n\x10"s},
                                    Sample{"Snappy", "\xff\x06\0\0sNaPpY\x01"s},
                                    Sample{"zlib", "x\x9c\xab\x56\xca\x56\xb2\x32\xac\xe5\x02\0\x0e\x6b\x02\xe7"s},
                                    Sample{"zlib", "x^\xab\x56\xca\x56\xb2\x32\xac\xe5\x02\0"s},
                                    Sample{"ar archive", "!<arch>\ndebian-binary   "s},
                                    Sample{"cpio", "\xc7\x71\x01\x08"s},
                                    Sample{"rar", "Rar!\x1a\x07\x01\0"s},
                                    Sample{"compress (.Z)", "\x1f\x9d\x90\x41"s},
                                    Sample{"lzip", "LZIP\x01\x0c"s},
                                    Sample{"Parquet", "PAR1\x15\x04\x15\x10"s},
                                    Sample{"ORC", "ORC\x08\x03\x10\x02"s},
                                    Sample{"Avro", "Obj\x01\x04\x14"s},
                                    Sample{"Arrow", "ARROW1\0\0\xff\xff"s},
                                    Sample{"SQLite", "SQLite format 3\0\x10\0"s},
                                    Sample{"UTF-16", "\xff\xfe{\0}\0"s},
                                    Sample{"UTF-16", "\xfe\xff\0{\0}"s},
                                    Sample{"UTF-32", "\xff\xfe\0\0{\0\0\0"s},
                                    Sample{"UTF-32", "\0\0\xfe\xff\0\0\0{"s},
                                    Sample{"UTF-16", wide("{\"k\": 1}\n", 2, false)},
                                    Sample{"UTF-16", wide("{\"k\": 1}\n", 2, true)},
                                    Sample{"UTF-16",
                                           "G\0r\0\xf6\0\xdf\0"
                                           "e\0 \0"
                                           "1\0\n\0"s},
                                    Sample{"UTF-16", "\x04\x14\x04\x30\0,\0 \x04\x3c\x04\x38\x04\x40\0\n"s},
                                    Sample{"UTF-32", wide("{\"k\": 1}\n", 4, false)},
                                    Sample{"UTF-32", wide("{\"k\": 1}\n", 4, true)},
                                    Sample{"tar", tar()}}) {
    auto reason = foreign_format({.bytes = bytes, .is_whole = true});
    ASSERT_TRUE(reason.has_value()) << what;
    EXPECT_THAT(*reason, HasSubstr(what));
    EXPECT_THAT(*reason, HasSubstr("; "));  // the advice
    EXPECT_EQ(reason->find('\n'), std::string::npos);
  }
}

TEST(ForeignFormat, LeavesTextAlone) {
  for (const std::string& text : {""s,
                                  "\n"s,
                                  "a"s,
                                  "PK\t{\"k\": 1}\n"s,
                                  "PAR1\t{\"k\": 1}\n"s,
                                  "ORC {\"k\": 1}\n"s,
                                  "ORCHID\n"s,
                                  "Object\n"s,
                                  "LZIP {}\n"s,
                                  "7z {}\n"s,
                                  "x^2 + y^2\n"s,
                                  "x\n"s,
                                  "!<arch> {}\n"s,
                                  "Rar! {}\n"s,
                                  "SQLite format 3\n"s,
                                  "\xef\xbb\xbf{}\n"s,
                                  "a\0b\0c\0d\0rest\n"s,
                                  std::string(2000, '\0'),
                                  std::string(2000, ' '),
                                  std::string(2000, '0')}) {
    EXPECT_FALSE(foreign_format({.bytes = text, .is_whole = true}).has_value()) << text.substr(0, 20);
    EXPECT_FALSE(foreign_format({.bytes = text, .is_whole = true, .is_decoded = true}).has_value())
        << text.substr(0, 20);
  }
}

TEST(ForeignFormat, SaysThatDataIsCompressedTwice) {
  const std::string gzip = "\x1f\x8b\x08\0"s;
  EXPECT_THAT(*foreign_format({.bytes = gzip, .is_decoded = true}), HasSubstr("compressed twice"));
  // With `decompress: none` the content must not be inspected; without it, it would have been decompressed.
  EXPECT_FALSE(foreign_format({.bytes = gzip}).has_value());
}

TEST(ForeignJson, IsADocumentOverLines) {
  for (const char* text :
       {"{\n  \"a\": 1\n}\n", "{\"a\": 1,\n \"b\": 2}\n", "\n\n{ \"a\": {\n \"b\": [1, 2,\n3]}}\n", "[\n1\n]\n",
        "[{\"a\": 1},\n{\"a\": 2}]\n", "[1,\n2]", "[\n{},\n{\"a\": 2", "{\n\"a\": 1\n}\n{\n\"a\": 2\n}\n"}) {
    EXPECT_TRUE(foreign_json({.bytes = text, .is_whole = true}).has_value()) << text;
    EXPECT_TRUE(foreign_json({.bytes = text, .is_whole = false}).has_value()) << text;
  }
  for (const char* text : {"[\n{\"a\": \"x\\\"y\"},\n[2", "[\r\n{\"a\": 1},\r\n", "{\n\"a\": tr", "{\n\"a"}) {
    EXPECT_TRUE(foreign_json({.bytes = text, .is_whole = false}).has_value()) << text;
    EXPECT_FALSE(foreign_json({.bytes = text, .is_whole = true}).has_value()) << text;
  }
  EXPECT_THAT(*foreign_json({.bytes = "[\n{\"a\": 1}\n]\n", .is_whole = true}), HasSubstr("jq -c '.[]'"));
  EXPECT_THAT(*foreign_json({.bytes = "{\n\"a\": 1\n}\n", .is_whole = true}), HasSubstr("jq -c ."));
}

// A line end after a string shows that this is a document; a line end within a string shows that it is not JSON.
TEST(ForeignJson, KnowsWhereAStringEnds) {
  for (const char* string :
       {R"("")", R"("\\")", R"("\"")", R"("\\\"")", R"("\"\"")", R"("a\\b\"c\\")", R"("\u0041")"}) {
    const std::string text = "{" + std::string(string) + ":\n1}";
    for (bool is_whole : {false, true}) {
      EXPECT_TRUE(foreign_json({.bytes = text, .is_whole = is_whole}).has_value()) << text;
      // Cut off within the string, or within its last escape.
      for (std::size_t end = 1; end <= std::string_view(string).size(); ++end) {
        const std::string_view begin = std::string_view(text).substr(0, end);
        EXPECT_FALSE(foreign_json({.bytes = begin, .is_whole = is_whole}).has_value()) << begin;
      }
    }
    EXPECT_FALSE(foreign_json({.bytes = "{\"\n\"" + text.substr(1)}).has_value()) << text;
    EXPECT_FALSE(foreign_json({.bytes = "{\"a\n" + text.substr(2)}).has_value()) << text;
  }
}

TEST(ForeignJson, IsAnArrayOfObjectsInOneLine) {
  const std::string array = "[{\"a\": 1}, {\"a\": [{}]}]";
  EXPECT_THAT(*foreign_json({.bytes = array, .is_whole = true}), HasSubstr("array of 2 objects"));
  EXPECT_TRUE(foreign_json({.bytes = array + "\n\n", .is_whole = true}).has_value());
  EXPECT_FALSE(foreign_json({.bytes = array + "\n", .is_whole = false}).has_value());
  EXPECT_FALSE(foreign_json({.bytes = array + "\n[1]\n", .is_whole = true}).has_value());
}

TEST(ForeignJson, LeavesLinesOfRecordsAlone) {
  for (const char* text : {"",
                           "\n",
                           "{\"a\": 1}\n{\"a\": 2}\n",
                           "[1, 2]\n",
                           "[1, 2]\n[3, 4]\n",
                           "[[1], [2]]\n",
                           "[{\"a\": 1}]\n",
                           "{}\n{}\n",
                           "{}",
                           "key {\"a\": 1}\n",
                           "{bad\n{\"a\": 1}\n",
                           "{\"a\": \n{\"a\": 1}\n",
                           "{\"a\": {\n{\"a\": 1}\n",
                           "{\"a\": \"cut\n{\"a\": 1}\n",
                           "{\"a\": 1\n{\"a\": 2}\n",
                           "{\"a\": 1,\n{\"a\": 2}\n",
                           "[\n{\"a\": 1}\n{\"a\": 2}\n",
                           "{\"a\": 1,\n",
                           "[\n",
                           "{]\n1\n",
                           "[1, 2}\n",
                           "{\"a\": nul}\n",
                           "]\n",
                           "1\n2\n",
                           "\"a\"\n\"b\"\n"}) {
    EXPECT_FALSE(foreign_json({.bytes = text, .is_whole = true}).has_value()) << text;
  }
}

}  // namespace
}  // namespace quern::decode
