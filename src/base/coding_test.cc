#include "base/coding.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"

namespace quern {
namespace {

TEST(Coding, IsLittleEndianAndGoesBothWays) {
  std::string text;
  append_number(text, std::uint32_t{0x01020304});
  EXPECT_EQ(text, "\x04\x03\x02\x01");
  append_number(text, -2.5);
  Buffer buffer;
  append_number(buffer, std::uint16_t{0x0102});
  EXPECT_EQ(buffer.view(), "\x02\x01");
  EXPECT_EQ(number_at<double>(text, 4), -2.5);
  std::string_view rest = text;
  EXPECT_EQ(take_number<std::uint32_t>(rest), 0x01020304U);
  EXPECT_EQ(take_number<double>(rest), -2.5);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(little_endian("\x04\x03\x02"), 0x020304U);
  EXPECT_EQ(little_endian(""), 0U);
}

TEST(Coding, HasShortFormsOfSmallNumbers) {
  const std::uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, std::uint64_t{1} << 63, ~std::uint64_t{0}};
  std::string text;
  for (std::uint64_t number : numbers) append_varint(text, number);
  EXPECT_EQ(text.size(), 1U + 1 + 1 + 2 + 2 + 3 + 10 + 10);
  std::string_view rest = text;
  for (std::uint64_t number : numbers) EXPECT_EQ(take_varint(rest), number);
  EXPECT_TRUE(rest.empty());
}

}  // namespace
}  // namespace quern
