#include "stages/inputs/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace quern::inputs {
namespace {

using testing::ElementsAre;

// Many times the number of inputs that are sorted at once.
constexpr std::size_t kMany = 5000;
constexpr std::size_t kAtOnce = 300;

std::string name_of(std::size_t number) { return "s3://telemetry/" + std::to_string(1'000'000 + number); }

Input object(const std::string& name, const std::string& url) { return {.name = name, .path = "", .url = url}; }

TEST(Collector, SortsMoreThanItHoldsAtOnce) {
  Collector found(kAtOnce);
  for (std::size_t i = 0; i < kMany; ++i) {
    Input input = object(name_of(kMany - i - 1), name_of(kMany - i - 1));
    input.stored_bytes = kMany - i - 1;
    found.add_remote(std::move(input));
  }
  EXPECT_EQ(found.count(), kMany);
  auto list = found.finish();
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list.value().inputs.size(), kMany);
  EXPECT_THAT(list.value().notes, ElementsAre());
  PackedInputs::Reader reader(list.value().inputs);
  for (std::size_t i = 0; i < kMany; ++i) {
    const InputView* input = reader.next();
    ASSERT_NE(input, nullptr);
    ASSERT_EQ(input->name, name_of(i));
    ASSERT_EQ(input->url, name_of(i));
    ASSERT_EQ(input->stored_bytes, i);
  }
}

void find_some_twice(Collector& found) {
  // As a list that contains every key of a bucket twice, and some objects by their URLs as well.
  for (int time = 0; time < 2; ++time) {
    for (std::size_t i = 0; i < kMany; ++i) found.add_remote(object(std::to_string(1'000'000 + i), name_of(i)));
  }
  for (std::size_t i = 0; i < 10; ++i) found.add_remote(object(name_of(i), name_of(i)));
}

TEST(Collector, KnowsAgainWhatItNoLongerHolds) {
  Collector found(kAtOnce);
  find_some_twice(found);
  auto list = found.finish();
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list.value().inputs.size(), kMany);
  EXPECT_THAT(list.value().notes,
              ElementsAre("5000 inputs were named twice and count once, such as 1000000",
                          "10 names are those of a file or object that the list has under another name, and count "
                          "once, such as s3://telemetry/1000000"));
}

TEST(Collector, MakesTheSameListHoweverMuchItHoldsAtOnce) {
  Collector packing(kAtOnce);
  Collector holding;
  for (Collector* found : {&packing, &holding}) find_some_twice(*found);
  auto packed = packing.finish();
  auto held = holding.finish();
  ASSERT_TRUE(packed.ok() && held.ok());
  EXPECT_EQ(held.value().notes, packed.value().notes);
  ASSERT_EQ(held.value().inputs.size(), packed.value().inputs.size());
  PackedInputs::Reader reader(packed.value().inputs);
  for (const InputView& input : held.value().inputs) {
    const InputView* other = reader.next();
    EXPECT_EQ(input.name, other->name);
    EXPECT_EQ(input.url, other->url);
  }
}

}  // namespace
}  // namespace quern::inputs
