#include "stages/decode/lines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace quern::decode {
namespace {

TEST(Lines, AreCountedWhateverTheLength) {
  std::mt19937 random(3);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string text(size, 'x');
    for (char& byte : text) byte = random() % 3 == 0 ? '\n' : static_cast<char>(random());
    EXPECT_EQ(count_newlines(text), static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'))) << size;
  }
}

TEST(Lines, AreCountedWhereEveryByteIsOne) {
  for (std::size_t size : {64 * 255 - 1, 64 * 255, 64 * 256, 1000003}) {
    EXPECT_EQ(count_newlines(std::string(size, '\n')), size);
  }
}

TEST(Lines, EndBehindTheLastNewline) {
  EXPECT_EQ(end_of_last_line(""), 0U);
  EXPECT_EQ(end_of_last_line("abc"), 0U);
  EXPECT_EQ(end_of_last_line("\nabc"), 1U);
  EXPECT_EQ(end_of_last_line("a\nb\n"), 4U);
}

}  // namespace
}  // namespace quern::decode
