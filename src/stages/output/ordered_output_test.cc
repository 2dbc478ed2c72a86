#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "services/disk/files.h"
#include "stages/output/ordered_output.h"

namespace quern::output {
namespace {

using testing::HasSubstr;

class MemoryTarget final : public ResultTarget {
 public:
  Result<void> write(std::string_view bytes) override {
    if (bytes_.size() + bytes.size() > most_bytes_) return os_error("writing memory", ENOSPC);
    bytes_.append(bytes);
    return {};
  }
  std::uint64_t size_bytes() const override { return bytes_.size(); }
  Result<void> commit() override { return {}; }

  const std::string& bytes() const { return bytes_; }
  void fill_up_at(std::size_t most_bytes) { most_bytes_ = most_bytes; }

 private:
  std::string bytes_;
  std::size_t most_bytes_ = std::string::npos;
};

BlockOutput block(InputOrdinal input, std::uint32_t number, const std::string& text, std::size_t chunk_bytes = 7) {
  BlockOutput output{.address = {.input = input, .number = number}, .last_input = input};
  for (std::size_t at = 0; at < text.size(); at += chunk_bytes) {
    output.lines.emplace_back().append(std::string_view(text).substr(at, chunk_bytes));
  }
  return output;
}

class Ordered : public testing::Test {
 protected:
  Ordered()
      : scratch_(disk::ScratchFolder::make("").value()),
        output_(target_, 1 << 20, scratch_.path()),
        sink_(output_.sink()) {}

  Result<void> commit(InputOrdinal input, std::uint32_t number, const std::string& text) {
    return sink_->commit(block(input, number, text));
  }

  disk::ScratchFolder scratch_;
  MemoryTarget target_;
  OrderedOutput output_;
  std::unique_ptr<BlockSink> sink_;
};

TEST_F(Ordered, PutsBlocksIntoInputOrder) {
  ASSERT_TRUE(commit(1, 0, "b0\n").ok());
  ASSERT_TRUE(commit(0, 1, "a1\n").ok());
  ASSERT_TRUE(output_.input_decoded(1, 1).ok());
  ASSERT_TRUE(output_.input_decoded(0, 2).ok());
  EXPECT_EQ(target_.bytes(), "");
  ASSERT_TRUE(commit(0, 0, "a0\n").ok());
  EXPECT_EQ(target_.bytes(), "a0\na1\nb0\n");
  EXPECT_TRUE(output_.finish().ok());
}

TEST_F(Ordered, WritesTheDueInputAtOnce) {
  ASSERT_TRUE(commit(0, 0, "a0\n").ok());
  EXPECT_EQ(target_.bytes(), "a0\n");
  ASSERT_TRUE(output_.input_decoded(0, 1).ok());
  EXPECT_EQ(target_.bytes(), "a0\n");
}

TEST_F(Ordered, TakesABlockOfSeveralInputsAtItsFirst) {
  ASSERT_TRUE(output_.input_decoded(2, 0).ok());
  ASSERT_TRUE(output_.input_decoded(1, 1).ok());
  ASSERT_TRUE(output_.input_decoded(3, 1).ok());
  ASSERT_TRUE(commit(3, 0, "d\n").ok());
  BlockOutput packed = block(1, 0, "b\nc\n");
  packed.last_input = 2;
  ASSERT_TRUE(sink_->commit(std::move(packed)).ok());
  ASSERT_TRUE(output_.input_decoded(0, 0).ok());
  ASSERT_TRUE(output_.finish().ok());
  EXPECT_EQ(target_.bytes(), "b\nc\nd\n");
}

TEST_F(Ordered, RefusesToEndWithSomethingMissing) {
  ASSERT_TRUE(commit(0, 0, "a\n").ok());
  ASSERT_TRUE(output_.input_decoded(0, 2).ok());
  auto finished = output_.finish();
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().kind, ErrorKind::kInternal);
  EXPECT_THAT(finished.error().message, HasSubstr("input 0 is not complete at the end of the job: 1 of its 2 blocks"));
}

TEST_F(Ordered, RefusesABlockThatComesTwice) {
  ASSERT_TRUE(commit(1, 0, "a\n").ok());
  EXPECT_THAT(commit(1, 0, "a\n").error().message, HasSubstr("block 0 of input 1 came twice"));
}

TEST_F(Ordered, RefusesABlockOfAnInputThatIsComplete) {
  ASSERT_TRUE(commit(0, 0, "a\n").ok());
  ASSERT_TRUE(output_.input_decoded(0, 1).ok());
  EXPECT_THAT(commit(0, 1, "a\n").error().message, HasSubstr("came after its input was complete"));
}

TEST_F(Ordered, StaysFailedAfterAFullDisk) {
  target_.fill_up_at(4);
  ASSERT_TRUE(output_.input_decoded(0, 2).ok());
  ASSERT_TRUE(commit(0, 1, "1234567\n").ok());
  EXPECT_EQ(commit(0, 0, "x\n").error().kind, ErrorKind::kNoSpace);
  EXPECT_EQ(output_.input_decoded(1, 0).error().kind, ErrorKind::kNoSpace);
  EXPECT_EQ(output_.finish().error().kind, ErrorKind::kNoSpace);
}

TEST(OrderedOutputOrder, SaysHowToFindRoomWhenWaitingOutputCannotBeKept) {
  MemoryTarget target;
  OrderedOutput output(target, 0, "/nonexistent");
  auto committed = output.sink()->commit(block(5, 0, "a\n"));
  ASSERT_FALSE(committed.ok());
  EXPECT_THAT(committed.error().message, HasSubstr("--scratch or TMPDIR"));
}

// What happens to a job's output, in any order in which its threads may cause it.
struct Happening {
  InputOrdinal input = 0;
  std::optional<std::uint32_t> block;  // absent: the input was decoded
};

struct RandomJob {
  std::vector<std::vector<std::string>> blocks;  // of each input
  std::vector<Happening> happenings;
  std::string expected;
};

RandomJob random_job(std::mt19937& random) {
  RandomJob job;
  std::size_t inputs = random() % 12;
  for (InputOrdinal input = 0; input < inputs; ++input) {
    auto& blocks = job.blocks.emplace_back(random() % 5);
    for (std::uint32_t number = 0; number < blocks.size(); ++number) {
      std::size_t lines = random() % 3 == 0 ? 0 : random() % 60;
      for (std::size_t line = 0; line < lines; ++line) {
        blocks[number] += std::to_string(input) + "." + std::to_string(number) + "." + std::to_string(line) + "\n";
      }
      job.expected += blocks[number];
      job.happenings.push_back({.input = input, .block = number});
    }
    job.happenings.push_back({.input = input, .block = std::nullopt});
  }
  std::shuffle(job.happenings.begin(), job.happenings.end(), random);
  return job;
}

Result<void> happen(const RandomJob& job, const Happening& happening, OrderedOutput& output, BlockSink& sink) {
  InputOrdinal input = happening.input;
  if (happening.block) return sink.commit(block(input, *happening.block, job.blocks[input][*happening.block], 64));
  return output.input_decoded(input, static_cast<std::uint32_t>(job.blocks[input].size()));
}

TEST(OrderedOutputOrder, GivesTheSameBytesForAnyOrderOfEvents) {
  auto scratch = disk::ScratchFolder::make("").value();
  std::mt19937 random(20240607);
  for (int round = 0; round < 3000; ++round) {
    SCOPED_TRACE(round);
    RandomJob job = random_job(random);
    MemoryTarget target;
    OrderedOutput output(target, random() % 2000, scratch.path());
    auto sink = output.sink();
    for (const Happening& happening : job.happenings) ASSERT_TRUE(happen(job, happening, output, *sink).ok());
    ASSERT_TRUE(output.finish().ok());
    ASSERT_EQ(target.bytes(), job.expected);
  }
  // The scratch file never has a name, so no file can be left over.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
}

TEST(OrderedOutputOrder, GivesTheSameBytesFromManyThreads) {
  auto scratch = disk::ScratchFolder::make("").value();
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    RandomJob job = random_job(random);
    MemoryTarget target;
    OrderedOutput output(target, 500, scratch.path());
    {
      std::vector<std::jthread> threads;
      for (std::size_t thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
          auto sink = output.sink();
          for (std::size_t i = thread; i < job.happenings.size(); i += 4) {
            EXPECT_TRUE(happen(job, job.happenings[i], output, *sink).ok());
          }
        });
      }
    }
    ASSERT_TRUE(output.finish().ok());
    ASSERT_EQ(target.bytes(), job.expected);
  }
}

TEST(OrderedOutputOrder, LetsAMillionInputsWaitForTheFirst) {
  auto scratch = disk::ScratchFolder::make("").value();
  MemoryTarget target;
  OrderedOutput output(target, 1 << 20, scratch.path());
  auto sink = output.sink();
  constexpr InputOrdinal kInputs = 1'000'000;
  for (InputOrdinal input = kInputs - 1; input > 0; --input) {
    // Only one input in a hundred has a block, as small inputs are packed.
    bool has_block = input % 100 == 0;
    ASSERT_TRUE(output.input_decoded(input, has_block ? 1 : 0).ok());
    if (!has_block) continue;
    ASSERT_TRUE(sink->commit(block(input, 0, std::to_string(input) + "\n")).ok());
  }
  ASSERT_TRUE(output.input_decoded(0, 0).ok());
  ASSERT_TRUE(output.finish().ok());
  EXPECT_THAT(target.bytes(), testing::StartsWith("100\n200\n300\n"));
  EXPECT_THAT(target.bytes(), testing::EndsWith("999800\n999900\n"));
}

}  // namespace
}  // namespace quern::output
