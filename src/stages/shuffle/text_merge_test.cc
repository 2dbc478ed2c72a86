#include "stages/shuffle/text_merge.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>

#include "base/text_source_for_test.h"
#include "model/limits.h"

namespace quern::shuffle {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

SortedText text_of(std::string name, std::string text, std::size_t piece_bytes = 1000) {
  auto open = [=]() -> Result<std::unique_ptr<ByteSource>> {
    return std::unique_ptr<ByteSource>(std::make_unique<TextSource>(text, piece_bytes));
  };
  return {.name = std::move(name), .open = open};
}

class TextMergeTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Returns "key: value, value; key: ..." or the error.
  std::string merged(std::vector<SortedText> texts, std::uint64_t memory_bytes = 64 * limits::kMiB) const {
    auto groups = merge_texts(std::move(texts),
                              {.separator = separator_, .memory_bytes = memory_bytes, .scratch_folder = folder_}, {});
    if (!groups.ok()) return groups.error().message;
    std::string all;
    while (true) {
      auto more = groups.value()->next_group();
      if (!more.ok()) return more.error().message;
      if (!more.value()) return all;
      all += groups.value()->key();
      for (auto value = groups.value()->next_value();; value = groups.value()->next_value()) {
        if (!value.ok()) return value.error().message;
        if (!value.value()) break;
        all.append(",").append(groups.value()->value());
      }
      all += ";";
    }
  }

  std::string separator_ = " ";
  std::string folder_ = std::filesystem::temp_directory_path() / "text-merge-XXXXXX";
};

TEST_F(TextMergeTest, KeepsTheOrderOfTextsWithinAKey) {
  EXPECT_EQ(merged({text_of("a", "k 1\nk 2\nz 9\n"), text_of("b", "a 0\nk 3\n"), text_of("c", "k 4\n")}),
            "a,0;k,1,2,3,4;z,9;");
}

TEST_F(TextMergeTest, ComparesKeysAsBytesWithoutTheSeparator) {
  EXPECT_EQ(merged({text_of("a", "a 1\na! 2\n"), text_of("b", "a 3\n\xc3\xa4 4\n")}), "a,1,3;a!,2;\xc3\xa4,4;");
}

TEST_F(TextMergeTest, TakesEmptyTextsKeysAndValues) {
  EXPECT_EQ(merged({text_of("a", ""), text_of("b", "\n k\nalone\n"), text_of("c", "")}), ",,k;alone,;");
  EXPECT_EQ(merged({}), "");
}

TEST_F(TextMergeTest, TakesPairsInPiecesOfAnySize) {
  separator_ = "\n";
  for (std::size_t piece_bytes : {1U, 2U, 5U, 1000U}) {
    EXPECT_EQ(
        merged({text_of("a", "\n1\nNew York\n\nNew York\nx y\n", piece_bytes), text_of("b", "New\n7\n", piece_bytes)}),
        ",1;New,7;New York,,x y;");
  }
  EXPECT_THAT(merged({text_of("m1", "b\n1\na\n2\n")}), AllOf(HasSubstr("m1: pair 2"), HasSubstr("greater key")));
  EXPECT_THAT(merged({text_of("m2", "a\n1\nb\n")}), AllOf(HasSubstr("m2: pair 2"), HasSubstr("ends within a pair")));
}

TEST_F(TextMergeTest, RefusesWhatIsNoMapResult) {
  EXPECT_THAT(merged({text_of("m1", "b 1\na 2\n")}), AllOf(HasSubstr("m1: line 2"), HasSubstr("greater key")));
  EXPECT_THAT(merged({text_of("m2", "a 1\nb")}), AllOf(HasSubstr("m2: line 2"), HasSubstr("ends within a line")));
  std::string long_line(limits::kMaxPairBytes + limits::kReadBytes + 1, 'x');
  EXPECT_THAT(merged({text_of("m3", long_line + "\n", limits::kReadBytes)}), HasSubstr("longer than"));
}

// Compares with a map: lines of all lengths, sources that return few bytes at a time, and more texts than are read at
// once.
TEST_F(TextMergeTest, MergesAnyTextsInAnyNumberOfPasses) {
  std::mt19937_64 random(3);
  for (std::size_t count : {1U, 7U, 9U, 80U}) {
    std::map<std::string, std::string> expected;
    std::vector<SortedText> texts;
    for (std::size_t i = 0; i < count; ++i) {
      std::map<std::string, std::vector<std::string>> own;
      for (std::size_t line = random() % 200; line > 0; --line) {
        std::string value = fmt::format("{}-{}{}", i, line, std::string(random() % 50, '.'));
        own[fmt::format("key{}", random() % 60)].push_back(value);
      }
      std::string text;
      for (auto& [key, values] : own) {
        for (auto& value : values) {
          text += key + " " + value + "\n";
          expected[key] += "," + value;
        }
      }
      texts.push_back(text_of(fmt::format("text {}", i), text, 1 + random() % 700));
    }
    std::string all;
    for (auto& [key, values] : expected) all.append(key).append(values).append(";");
    EXPECT_EQ(merged(std::move(texts), limits::kMiB), all) << count;
    EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "merged texts are left";
  }
}

}  // namespace
}  // namespace quern::shuffle
