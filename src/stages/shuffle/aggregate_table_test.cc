#include "stages/shuffle/aggregate_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace quern::shuffle {
namespace {

// A table that counts each of the keys "first" to "end - 1" once.
class CountedKeys {
 public:
  CountedKeys(std::uint32_t first, std::uint32_t end) {
    std::string lines;
    for (std::uint32_t key = first; key < end; ++key) lines += fmt::format("key-{}\n\n", key);
    std::vector<Entry> pairs;
    std::vector<std::uint32_t> none;
    Splitter{.separator = kBetweenInside}.split(lines, pairs, none);
    EXPECT_TRUE(table.add(pairs, EntryReader(kBetweenInside)).ok());
  }

 private:
  const Aggregation count_{.kind = Aggregation::Kind::kCount};
  Budget budget_{1 << 30};

 public:
  AggregateTable table{count_, 1, budget_};
};

}  // namespace
}  // namespace quern::shuffle
