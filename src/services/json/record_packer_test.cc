#include "services/json/record_packer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"

namespace quern::json {
namespace {

using namespace std::string_view_literals;

std::vector<std::string> groups_of(std::string_view packed) {
  std::vector<std::string> groups;
  while (!packed.empty()) {
    const auto size = number_at<std::uint32_t>(packed, 0);
    groups.emplace_back(packed.substr(4, size));
    packed.remove_prefix(4 + size);
  }
  return groups;
}

std::vector<std::string> packed(RecordKind kind, std::string_view lines) {
  Buffer target;
  RecordPacker(kind).pack(lines, target);
  return groups_of(target.view());
}

TEST(RecordPacker, PacksRecordsWithTheirKeys) {
  EXPECT_EQ(packed(RecordKind::kKeyedJson, "k\tnull\na true\n{}\n"),
            std::vector{std::string("[\6\0\0\0Nz\1kTz\1a{0z\0"sv)});
  EXPECT_EQ(packed(RecordKind::kJson, "null\n"), std::vector{std::string("[\2\0\0\0Nz\0"sv)});
}

TEST(RecordPacker, LeavesLinesToPython) {
  EXPECT_EQ(packed(RecordKind::kKeyedJson, "k\n\nk\t\n\xff\t1\n"),
            std::vector{std::string("[\10\0\0\0s\1\0\0\0kNs\0\0\0\0Ns\2\0\0\0k\tNs\3\0\0\0\xff\t1N"sv)});
}

TEST(RecordPacker, CutsLongTextsIntoGroupsOfWholeLines) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += '"' + std::string(4000, 'x') + "\"\n";
  const std::vector<std::string> groups = packed(RecordKind::kJson, lines);
  EXPECT_EQ(groups.size(), 6U);
  std::uint32_t elements = 0;
  for (const std::string& group : groups) elements += number_at<std::uint32_t>(group, 1);
  EXPECT_EQ(elements, 200U);
}

TEST(RecordPacker, SkipsUnitsAfterRecordsThatAreLittleMoreThanContainers) {
  std::string dense;
  std::string others;
  for (int i = 0; i < 20'000; ++i) dense += "[[], {}, []]\n";
  for (int i = 0; i < 20'000; ++i) others += "{\"name\": 12345678}\n";
  RecordPacker packer(RecordKind::kJson);
  Buffer target;
  EXPECT_TRUE(packer.pays());
  // Too little to judge from.
  packer.pack("[]\n[]\n", target);
  EXPECT_TRUE(packer.pays());
  packer.pack(others, target);
  EXPECT_TRUE(packer.pays());
  packer.pack(dense, target);
  for (int unit = 0; unit < 15; ++unit) EXPECT_FALSE(packer.pays()) << unit;
  EXPECT_TRUE(packer.pays());
  packer.pack(others, target);
  EXPECT_TRUE(packer.pays());
}

}  // namespace
}  // namespace quern::json
