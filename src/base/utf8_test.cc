#include "base/utf8.h"

#include <gtest/gtest.h>

namespace quern::utf8 {
namespace {

TEST(Utf8, GoesBothWays) {
  for (std::uint32_t code :
       {0x0U, 0x7fU, 0x80U, 0x7ffU, 0x800U, 0xd7ffU, 0xe000U, 0xfffeU, 0xffffU, 0x10000U, 0x10ffffU}) {
    std::string text;
    append(code, text);
    const Character character = first_character(text + "x");
    EXPECT_EQ(character.code, code);
    EXPECT_EQ(character.size_bytes, text.size());
  }
  std::string surrogate;
  append(0xd800, surrogate);
  EXPECT_EQ(surrogate, "\xed\xa0\x80");
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  // Table 3-7 of the Unicode standard: overlong, surrogates, beyond the last code point, cut off.
  for (const char* text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3x", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
                           "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", ""}) {
    EXPECT_EQ(first_character(text).size_bytes, 0U) << text;
  }
}

TEST(Utf8, CountsAndCutsCharacters) {
  EXPECT_EQ(count_characters("a\xc3\xa4\xe2\x82\xac"), 3U);
  EXPECT_EQ(cut("a\xc3\xa4", 3), "a\xc3\xa4");
  EXPECT_EQ(cut("a\xc3\xa4", 2), "a");
  EXPECT_EQ(cut("\xc3\xa4", 0), "");
}

TEST(Utf8, KnowsHowWideCharactersAre) {
  EXPECT_EQ(columns_of("a\xc3\xa4"), 2U);
  EXPECT_EQ(columns_of("\xe6\x97\xa5"), 2U);  // a Chinese character
  EXPECT_EQ(columns_of("e\xcc\x81"), 1U);     // e with a combining accent
  EXPECT_EQ(columns_of("\xff"), 0U);
}

TEST(Utf8, KnowsWhatIsWellFormed) {
  for (const char* text : {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_valid(text)) << text;
  }
  for (const char* text : {"\x80", "\xc2", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xffz"}) {
    EXPECT_FALSE(is_valid(text));
  }
}

}  // namespace
}  // namespace quern::utf8
