#include "model/packed_inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace quern {
namespace {

// Enough inputs for several blocks, all different: local files and objects, with every form of path and URL.
std::vector<Input> many_inputs(std::size_t count) {
  std::vector<Input> inputs;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    const SharedText name("s3://telemetry/2026-01-31/" + number);
    const std::vector<SharedText> urls = {name, "", "s3://b/" + number, name.str() + "?x=" + number};
    const std::vector<SharedText> paths = {"", name, "/data/" + name.str(), "/data/" + number, "/a/b/" + name.str()};
    inputs.push_back({.name = name,
                      .path = paths[i % 5],
                      .stored_bytes = i % 13 == 0 ? ~std::uint64_t{0} : i,
                      .url = urls[i % 4],
                      .etag = i % 3 == 0 ? "\"" + number + "\"" : "",
                      .size_is_known = i % 7 != 0,
                      .size_binds = i % 11 != 0});
  }
  return inputs;
}

void expect_same(const InputView& left, const InputView& right) {
  EXPECT_EQ(left.name, right.name);
  EXPECT_EQ(left.path, right.path);
  EXPECT_EQ(left.url, right.url);
  EXPECT_EQ(left.etag, right.etag);
  EXPECT_EQ(left.stored_bytes, right.stored_bytes);
  EXPECT_EQ(left.size_is_known, right.size_is_known);
  EXPECT_EQ(left.size_binds, right.size_binds);
}

TEST(PackedInputs, AreReadAsTheyWereAppended) {
  const std::vector<Input> inputs = many_inputs(2000);
  PackedInputs packed(inputs);
  EXPECT_EQ(packed.size(), 2000U);
  EXPECT_EQ(packed.remote(), 1500U);
  EXPECT_EQ(packed.of_unknown_size(), 286U);
  auto next = inputs.begin();
  for (const InputView& input : packed) expect_same(input, *next++);
  EXPECT_EQ(next, inputs.end());
  PackedInputs::Reader reader(std::move(packed));
  for (const Input& input : inputs) expect_same(*reader.next(), input);
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.next(), nullptr);
}

TEST(PackedInputs, AreReadFromAnyOfThemOn) {
  const std::vector<Input> inputs = many_inputs(2000);
  const PackedInputs packed(inputs);
  for (std::size_t first = 0; first < 2000; ++first) {
    PackedInputs::Reader reader(packed, first);
    expect_same(*reader.next(), inputs[first]);
    expect_same(packed[first], inputs[first]);
  }
  EXPECT_EQ(PackedInputs::Reader(packed, 2000).next(), nullptr);
}

TEST(PackedInputs, AreSoughtForwardsAndBackwards) {
  const std::vector<Input> inputs = many_inputs(2000);
  const PackedInputs packed(inputs);
  PackedInputs::Reader reader(packed);
  std::size_t at = 0;
  for (std::size_t step : {0, 1, 0, 50, 1949, 1999, 3, 1000, 1000, 5, 0, 1999}) {
    at = (at + step) % 2000;
    reader.seek(at);
    for (std::size_t i = at; i < std::min<std::size_t>(at + 60, 2000); ++i) expect_same(*reader.next(), inputs[i]);
    EXPECT_EQ(reader.next() == nullptr, at + 60 >= 2000);
  }
  reader.seek(2000);
  EXPECT_EQ(reader.next(), nullptr);
}

TEST(PackedInputs, OfACopyAreItsOwn) {
  PackedInputs packed(many_inputs(300));
  PackedInputs copy = packed;
  copy.append({.name = "copied"});
  packed.append({.name = "s3://telemetry/"});
  EXPECT_EQ(copy[300].name, "copied");
  EXPECT_EQ(packed[300].name, "s3://telemetry/");
  expect_same(packed[299], copy[299]);
}

TEST(PackedInputs, OfOneFolderTakeFewBytes) {
  PackedInputs packed;
  for (int i = 100'000; i < 110'000; ++i) {
    const std::string name = "data/2026/01/31/" + std::to_string(i) + ".json.gz";
    packed.append({.name = name, .path = "/home/someone/project/" + name, .stored_bytes = 100'000});
  }
  EXPECT_LT(packed.packed_bytes() / packed.size(), 16U);
}

TEST(PackedInputs, MayBeNone) {
  const PackedInputs none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(PackedInputs::Reader(none).next(), nullptr);
  for (const InputView& input : none) ADD_FAILURE() << input.name;
}

TEST(PackedInputs, HaveLongNames) {
  std::vector<Input> inputs;
  for (char letter : {'a', 'b', 'c'}) inputs.push_back({.name = std::string(100'000, letter), .path = ""});
  PackedInputs::Reader reader{PackedInputs(inputs)};
  for (const Input& input : inputs) expect_same(*reader.next(), input);
}

}  // namespace
}  // namespace quern
