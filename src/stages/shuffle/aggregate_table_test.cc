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

// Fills one table from another in slot order. If keys crowded, each would probe past a large part of the others; here
// each probes past fewer than six on average, however full the tables are.
TEST(AggregateTable, AbsorbsAnotherTableInLinearTime) {
  struct Row {
    const char* name;
    std::uint32_t kept;
    std::uint32_t first;
    std::uint32_t end;
  };
  const std::vector<Row> rows = {{"nothing is there", 0, 0, 40'000},         {"few are there", 10, 10, 40'000},
                                 {"all are there", 40'000, 0, 40'000},       {"half are there", 40'000, 20'000, 60'000},
                                 {"as many others", 40'000, 40'000, 80'000}, {"fewer others", 70'000, 70'000, 90'000},
                                 {"nearly full", 51'000, 51'000, 81'000}};
  for (const Row& row : rows) {
    CountedKeys kept(0, row.kept);
    CountedKeys other(row.first, row.end);
    std::uint64_t before = kept.table.passed_slots();
    ASSERT_TRUE(kept.table.absorb(other.table, {}).ok());
    EXPECT_EQ(kept.table.keys(), std::max(row.kept, row.end)) << row.name;
    EXPECT_LT(kept.table.passed_slots() - before, 6 * (row.end - row.first)) << row.name;
  }
}

TEST(AggregateTable, AbsorbsManyTablesInLinearTime) {
  CountedKeys all(0, 0);
  for (std::uint32_t i = 0; i < 40; ++i) {
    CountedKeys next(i * 3'000, i * 3'000 + 4'000);
    ASSERT_TRUE(all.table.absorb(next.table, {}).ok());
  }
  EXPECT_EQ(all.table.keys(), 39U * 3'000 + 4'000);
  EXPECT_LT(all.table.passed_slots(), 6U * 40 * 4'000);
}

TEST(AggregateTable, StopsWhileItAbsorbs) {
  CountedKeys one(0, 10);
  CountedKeys other(0, 10);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(one.table.absorb(other.table, stop.get_token()).error().kind, ErrorKind::kStopped);
}

}  // namespace
}  // namespace quern::shuffle
