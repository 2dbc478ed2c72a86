#include "stages/mapper/pairs_mapper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "model/pair.h"

namespace quern::mapper {
namespace {

// One input of several blocks of one record.
class OneInput final : public InputOpener {
 public:
  explicit OneInput(std::uint32_t blocks) : blocks_(blocks) {}

  std::unique_ptr<BlockSource> open_blocks(InputOrdinal, EventSink&) override { return nullptr; }
  std::unique_ptr<WorkQueue> queue(std::vector<InputRun>) override { return std::make_unique<Queue>(); }
  std::vector<InputRun> runs() const override { return {{.first = 0, .count = 1}}; }
  std::unique_ptr<BlockSource> open_run(const InputRun&, EventSink&, const std::stop_token&) override {
    return std::make_unique<Source>(blocks_);
  }
  Result<std::unique_ptr<ByteSource>> open_bytes(InputOrdinal) override { return std::unique_ptr<ByteSource>(); }
  Result<void> check_size(InputOrdinal) override { return {}; }

 private:
  struct Queue final : WorkQueue {
    std::optional<std::size_t> next(const std::stop_token&) override {
      return is_given.exchange(true) ? std::nullopt : std::optional<std::size_t>(0);
    }
    std::atomic<bool> is_given = false;
  };

  struct Source final : BlockSource {
    explicit Source(std::uint32_t count) : blocks(count) {}
    Result<bool> next(Block& block) override {
      EXPECT_FALSE(is_in_use.exchange(true)) << "two threads read one input at once";
      const bool is_there = given < blocks;
      block.address = {.input = 0, .number = given};
      block.bytes.clear();
      block.bytes.append("{\"k\": 1}\n");
      block.segments = {{.input = 0, .first_line = ++given, .lines = 1, .size_bytes = block.bytes.size()}};
      is_in_use = false;
      return is_there;
    }
    const std::uint32_t blocks;
    std::uint32_t given = 0;
    std::atomic<bool> is_in_use = false;
  };

  const std::uint32_t blocks_;
};

// Where each thread waits until all others have committed a block, too.
struct Meeting {
  explicit Meeting(std::size_t all) : wanted(all) {}
  const std::size_t wanted;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t come = 0;
  std::set<std::uint32_t> committed;
};

class MeetingSink final : public BlockSink {
 public:
  explicit MeetingSink(Meeting& meeting) : meeting_(meeting) {}
  Result<void> commit(BlockOutput output) override {
    std::unique_lock lock(meeting_.mutex);
    meeting_.committed.insert(output.address.number);
    if (!std::exchange(has_come_, true)) ++meeting_.come;
    meeting_.changed.notify_all();
    meeting_.changed.wait(lock, [this] { return meeting_.come == meeting_.wanted; });
    return {};
  }

 private:
  Meeting& meeting_;
  bool has_come_ = false;
};

TEST(PairsMappers, MapTheBlocksOfOneInputTogether) {
  constexpr std::size_t kThreads = 3;
  Builtin builtin;
  builtin.keys = {"k"};
  builtin.value = "1";
  const Pairs pairs = parse_pairs(builtin).value();
  const PairsOptions options{.pairs = pairs,
                             .where = {},
                             .record = RecordKind::kJson,
                             .separator = " ",
                             .output = {},
                             .rule = {},
                             .threads = kThreads};
  BufferPool pool(4, 1 << 20);
  NoEvents events;
  Meeting meeting(kThreads);
  OneInput input(20);
  const PairsPeers peers{
      .pool = pool, .events = events, .make_sink = [&] { return std::make_unique<MeetingSink>(meeting); }};
  ASSERT_TRUE(run_pairs_mappers(options, peers, input, {}).ok());
  EXPECT_EQ(meeting.committed.size(), 20U);
}

}  // namespace
}  // namespace quern::mapper
