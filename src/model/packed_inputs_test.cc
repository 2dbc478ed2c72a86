#include "model/packed_inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace quern {
namespace {

// Enough inputs for several blocks, all different.
InputList many_inputs(std::size_t count) {
  InputList list;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    const SharedText name("s3://telemetry/2026-01-31/" + number);
    list.inputs.push_back({.name = name, .stored_bytes = i, .url = i % 2 == 0 ? name : SharedText("s3://b/" + number)});
    if (i % 3 == 0) list.inputs.back().etag = "\"" + number + "\"";
    if (i % 5 == 0) list.inputs.back().path = "/data/" + number;
    list.inputs.back().size_is_known = i % 7 != 0;
    list.inputs.back().size_binds = i % 11 != 0;
  }
  return list;
}

void expect_same(const Input& left, const Input& right) {
  EXPECT_EQ(left.name, right.name);
  EXPECT_EQ(left.path, right.path);
  EXPECT_EQ(left.url, right.url);
  EXPECT_EQ(left.etag, right.etag);
  EXPECT_EQ(left.stored_bytes, right.stored_bytes);
  EXPECT_EQ(left.size_is_known, right.size_is_known);
  EXPECT_EQ(left.size_binds, right.size_binds);
}

TEST(PackedInputs, AreReadAsTheyWereAppended) {
  const InputList list = many_inputs(2000);
  PackedInputs packed(list);
  EXPECT_EQ(packed.size(), 2000U);
  EXPECT_EQ(packed.of_unknown_size(), 286U);
  PackedInputs::Reader reader(std::move(packed));
  for (const Input& input : list.inputs) expect_same(copy_of(*reader.next()), input);
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.next(), nullptr);
}

TEST(PackedInputs, AreReadFromAnyOfThemOn) {
  const InputList list = many_inputs(2000);
  const PackedInputs packed(list);
  for (std::size_t first = 0; first < 2000; ++first) {
    PackedInputs::Reader reader(packed, first);
    expect_same(copy_of(*reader.next()), list.inputs[first]);
  }
  EXPECT_EQ(PackedInputs::Reader(packed, 2000).next(), nullptr);
}

TEST(PackedInputs, AreSoughtForwardsAndBackwards) {
  const InputList list = many_inputs(2000);
  const PackedInputs packed(list);
  PackedInputs::Reader reader(packed);
  std::size_t at = 0;
  for (std::size_t step : {0, 1, 0, 50, 1949, 1999, 3, 1000, 1000, 5, 0, 1999}) {
    at = (at + step) % 2000;
    reader.seek(at);
    for (std::size_t i = at; i < std::min<std::size_t>(at + 60, 2000); ++i)
      expect_same(copy_of(*reader.next()), list.inputs[i]);
    EXPECT_EQ(reader.next() == nullptr, at + 60 >= 2000);
  }
  reader.seek(2000);
  EXPECT_EQ(reader.next(), nullptr);
}

TEST(PackedInputs, MayBeNone) {
  const PackedInputs none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(PackedInputs::Reader(none).next(), nullptr);
}

TEST(PackedInputs, HaveLongNames) {
  InputList list;
  for (char letter : {'a', 'b', 'c'}) list.inputs.push_back({.name = std::string(100'000, letter), .path = ""});
  PackedInputs::Reader reader{PackedInputs(list)};
  for (const Input& input : list.inputs) expect_same(copy_of(*reader.next()), input);
}

}  // namespace
}  // namespace quern
