#include "stages/mapper/unit_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "model/limits.h"

namespace quern::mapper {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;

constexpr std::size_t kRecordBytes = 100;

class UnitQueueTest : public ::testing::Test {
 protected:
  Block block_of(std::size_t records, InputOrdinal input = 0) {
    Block block{.address = {.input = input}};
    for (std::size_t i = 0; i < records; ++i) block.bytes.append(std::string(kRecordBytes - 1, 'r') + "\n");
    block.segments = {{.input = input, .lines = records, .size_bytes = block.bytes.size()}};
    return block;
  }
  void push(std::size_t records) { EXPECT_TRUE(units_.push(block_of(records), {})); }
  static std::size_t records_of(const std::optional<Unit>& unit) {
    return unit.has_value() ? unit->block.bytes.size() / kRecordBytes : 0;
  }
  // Takes a unit that a child works on this long for each record; returns how many records it has.
  std::size_t map_next(std::chrono::nanoseconds for_each_record) {
    auto unit = units_.try_take();
    const std::size_t records = records_of(unit);
    units_.begin();
    units_.end(records * kRecordBytes, records * for_each_record);
    return records;
  }
  bool is_readable() const {
    pollfd poll_fd{.fd = units_.readable_fd(), .events = POLLIN};
    return ::poll(&poll_fd, 1, 0) == 1;
  }

  std::chrono::steady_clock::time_point now_{};
  std::atomic<std::size_t> looks_ = 0;  // at the clock
  BufferPool pool_{1, limits::kMiB};
  UnitQueue units_{{.blocks = 4, .processes = 2}, make_event().value(), pool_, [this] {
                     ++looks_;
                     return now_;
                   }};
};

TEST_F(UnitQueueTest, GrowsFromOneRecordToAWholeBlockIfRecordsCostLittle) {
  push(100);
  push(100);
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 8; ++i) sizes.push_back(map_next(1us));
  EXPECT_THAT(sizes, ElementsAre(1, 2, 4, 8, 16, 32, 37, 100));
}

TEST_F(UnitQueueTest, KeepsToOneRecordIfItTakesLong) {
  push(100);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(map_next(1s), 1U);
  EXPECT_FALSE(units_.has_short_units());
}

TEST_F(UnitQueueTest, GivesUnitsOfATenthOfASecond) {
  for (int i = 0; i < 4; ++i) push(1000);
  for (int i = 0; i < 7; ++i) map_next(5ms);
  EXPECT_EQ(map_next(5ms), 20U);
}

TEST_F(UnitQueueTest, FollowsWhatRecordsCostNow) {
  for (int i = 0; i < 4; ++i) push(1000);
  for (int i = 0; i < 9; ++i) map_next(10us);
  for (int i = 0; i < 2; ++i) map_next(100ms);
  EXPECT_LE(map_next(100ms), 2U);
}

TEST_F(UnitQueueTest, GivesAtMostASixteenthOfWhatIsLeft) {
  for (int i = 0; i < 4; ++i) push(1000);
  while (map_next(1ms) < 64) {
  }
  units_.close();
  std::size_t remaining = 0;
  std::vector<std::size_t> sizes;
  while (auto unit = units_.try_take()) sizes.push_back(records_of(unit));
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
    remaining += *size;
    // Not shorter than five milliseconds; and what would be left of a block goes with its last unit.
    EXPECT_LE(*size, std::max<std::size_t>(remaining / 16, 5) * 3 / 2 + 1);
  }
}

TEST_F(UnitQueueTest, GivesAsManyRecordsAsAChildWorksOnAtOnce) {
  UnitQueue units({.least_records = 50}, make_event().value(), pool_);
  EXPECT_TRUE(units.push(block_of(200), {}));
  EXPECT_EQ(records_of(units.try_take()), 50U);
  EXPECT_FALSE(units.has_short_units());  // the next one is for another child, if there is one
  units.begin();
  EXPECT_TRUE(units.has_short_units());
}

TEST_F(UnitQueueTest, JoinsWhatWasMadeOfABlockInTheOrderOfItsRecords) {
  push(3);
  std::vector<Unit> units;
  while (auto unit = units_.try_take()) units.push_back(std::move(*unit));
  ASSERT_EQ(units.size(), 3U);
  auto joined = [&](std::size_t number) {
    Mapped mapped;
    mapped.lines.emplace_back().append(std::to_string(number));
    mapped.lines_bytes = 1;
    mapped.bad.push_back({.line = number});
    return units_.join(units[number].origin, units[number].block, std::move(mapped));
  };
  auto bad_of = [](const UnitQueue::Joined& from) {
    std::vector<std::uint64_t> bad;
    for (const event::RecordBad& one : from.mapped.bad) bad.push_back(one.line);
    return bad;
  };
  // What is reported about a record counts when all before it are done.
  auto third = joined(2);
  EXPECT_FALSE(third.is_complete);
  EXPECT_THAT(bad_of(third), ElementsAre());
  auto first = joined(0);
  EXPECT_FALSE(first.is_complete);
  EXPECT_THAT(bad_of(first), ElementsAre(0));
  auto second = joined(1);
  EXPECT_TRUE(second.is_complete);
  EXPECT_THAT(bad_of(second), ElementsAre(1, 2));
  std::string lines;
  for (const Buffer& buffer : second.mapped.lines) lines += buffer.view();
  EXPECT_EQ(lines, "012");
  EXPECT_EQ(second.mapped.lines_bytes, 3U);
}

TEST_F(UnitQueueTest, DoesNotJoinBeforeABlockIsUsedUp) {
  push(2);
  auto first = units_.try_take();
  EXPECT_FALSE(units_.join(first->origin, first->block, {}).is_complete);
  auto second = units_.try_take();
  EXPECT_TRUE(units_.join(second->origin, second->block, {}).is_complete);
}

TEST_F(UnitQueueTest, IsReadableWhileThereIsAUnitAndWhenItIsFinished) {
  EXPECT_FALSE(is_readable());
  push(2);
  EXPECT_TRUE(is_readable());
  EXPECT_TRUE(units_.try_take().has_value());
  EXPECT_TRUE(is_readable());
  EXPECT_TRUE(units_.try_take().has_value());
  EXPECT_FALSE(is_readable());
  EXPECT_FALSE(units_.is_finished());
  units_.close();
  EXPECT_TRUE(is_readable());
  EXPECT_TRUE(units_.is_finished());
  EXPECT_FALSE(units_.take(false, {}).has_value());
}

TEST_F(UnitQueueTest, IsWorthAnotherChildOnceBlocksQueueUp) {
  push(10);
  std::jthread pusher([this] { push(10); });
  EXPECT_EQ(records_of(units_.take(true, {})), 1U);
}

TEST_F(UnitQueueTest, IsWorthAnotherChildOnceOneTakesLong) {
  push(10);
  units_.begin();
  now_ += 1s;
  EXPECT_EQ(records_of(units_.take(true, {})), 1U);
}

TEST_F(UnitQueueTest, IsNotWorthAnotherChildForLittleWork) {
  push(10);
  map_next(1us);
  // Once the clock was asked for whether a child takes long, the queue has decided that it waits.
  units_.begin();
  const std::size_t looks = looks_;
  std::stop_source stop;
  std::jthread stopper([&] {
    while (looks_ == looks) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_FALSE(units_.take(true, stop.get_token()).has_value());
  EXPECT_EQ(records_of(units_.take(false, {})), 2U);
}

TEST_F(UnitQueueTest, BlocksItsProducerWhenFull) {
  for (int i = 0; i < 4; ++i) push(1);
  std::atomic<bool> was_taken = false;
  std::jthread taker([&] {
    was_taken = true;
    EXPECT_TRUE(units_.take(false, {}).has_value());
  });
  push(1);
  EXPECT_TRUE(was_taken);
}

}  // namespace
}  // namespace quern::mapper
