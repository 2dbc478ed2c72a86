#include "services/archive/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"

namespace quern::archive {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMostBytes = 1 << 20;

TEST(Frame, GoesBothWays) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& bytes : {std::string(), std::string("a"), all, std::string(100000, 'x')}) {
    EXPECT_EQ(bytes_of(text_of(bytes), kMostBytes).value(), bytes);
  }
  EXPECT_EQ(text_of(all), text_of(all));
}

TEST(Frame, RefusesWhatIsNone) {
  struct Row {
    const char* name;
    std::string text;
    const char* says;
  };
  const std::string good = text_of(std::string(3000, 'x') + "and other letters than these");
  std::string packed = base64_decode(good).value();
  std::string damaged = packed;
  damaged[damaged.size() - 3] ^= 1;
  const std::vector<Row> rows = {
      {"nothing", "", "no zstd"},
      {"words", "this is no pack!", "not base64"},
      {"base64 of words", base64_encode("this is no pack"), "no zstd"},
      {"cut", good.substr(0, good.size() - 8), "damaged"},
      {"cut within four letters", good.substr(0, good.size() - 3), "cut off"},
      {"a changed checksum", base64_encode(damaged), "damaged"},
      {"bytes behind it", base64_encode(packed + "more"), "damaged"},
  };
  for (const Row& row : rows) {
    auto bytes = bytes_of(row.text, kMostBytes);
    ASSERT_FALSE(bytes.ok()) << row.name;
    EXPECT_EQ(bytes.error().kind, ErrorKind::kBadInput) << row.name;
    EXPECT_THAT(bytes.error().message, HasSubstr(row.says)) << row.name;
  }
}

TEST(Frame, IsNoBomb) {
  const std::string zeros = text_of(std::string(kMostBytes + 1, '\0'));
  EXPECT_LT(zeros.size(), 1000U);
  EXPECT_THAT(bytes_of(zeros, kMostBytes).error().message, HasSubstr("1.0 MB are allowed"));
  // A second frame after one that declares its true size.
  std::string two = base64_decode(text_of("a")).value() + base64_decode(zeros).value();
  EXPECT_FALSE(bytes_of(base64_encode(two), kMostBytes).ok());
}

}  // namespace
}  // namespace quern::archive
