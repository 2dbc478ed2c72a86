#include "stages/shuffle/run_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "stages/shuffle/run_cursor.h"
#include "stages/shuffle/shuffle.h"

namespace quern::shuffle {
namespace {

using ::testing::HasSubstr;

// The values of each key, in input order.
using ValuesByKey = std::map<std::string, std::vector<std::string>>;

class TestFolder {
 public:
  TestFolder() : path_(::testing::TempDir() + "/quern-spill-XXXXXX") { CHECK(::mkdtemp(path_.data()) != nullptr); }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }
  bool is_empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::string path_;
};

struct Shape {
  const char* name;
  std::size_t blocks = 40;
  std::size_t lines = 300;  // in each block
  std::uint32_t keys = 500;
  std::size_t value_bytes = 3;
};

struct LinesBlock {
  BlockAddress address;
  std::string lines;
};

std::vector<LinesBlock> make_blocks(const Shape& shape, std::mt19937& random) {
  std::vector<LinesBlock> blocks;
  for (std::uint32_t i = 0; i < shape.blocks; ++i) {
    blocks.push_back({.address = {.input = i / 4, .number = i % 4}});
    for (std::size_t line = 0; line < shape.lines; ++line) {
      blocks.back().lines +=
          fmt::format("key{} {}\n", random() % shape.keys,
                      std::string(random() % (shape.value_bytes + 1), 'a') + std::to_string(i * shape.lines + line));
    }
  }
  return blocks;
}

ValuesByKey expected_of(const std::vector<LinesBlock>& blocks) {
  ValuesByKey groups;
  for (const LinesBlock& block : blocks) {
    for (std::size_t at = 0; at < block.lines.size();) {
      std::size_t blank = block.lines.find(' ', at);
      std::size_t end = block.lines.find('\n', at);
      groups[block.lines.substr(at, blank - at)].push_back(block.lines.substr(blank + 1, end - blank - 1));
      at = end + 1;
    }
  }
  return groups;
}

void commit_all(Shuffle& shuffle, std::vector<LinesBlock> blocks, std::size_t threads, std::mt19937& random) {
  std::shuffle(blocks.begin(), blocks.end(), random);
  std::vector<std::jthread> mappers;
  for (std::size_t mapper = 0; mapper < threads; ++mapper) {
    mappers.emplace_back([&, mapper] {
      auto sink = shuffle.sink();
      for (std::size_t i = mapper; i < blocks.size(); i += threads) {
        BlockOutput output{.address = blocks[i].address, .last_input = blocks[i].address.input};
        output.lines.emplace_back().append(blocks[i].lines);
        EXPECT_TRUE(sink->commit(std::move(output)).ok());
      }
    });
  }
}

ValuesByKey read_values(Shuffle& shuffle, std::size_t partitions) {
  ValuesByKey read;
  for (std::size_t partition = 0; partition < partitions; ++partition) {
    auto groups = shuffle.groups(partition).value();
    std::string last;
    while (groups->next_group().value()) {
      std::string key(groups->key());
      EXPECT_TRUE(last.empty() || last < key);
      EXPECT_EQ(partition_of(key, partitions), partition);
      last = key;
      while (groups->next_value().value()) read[key].emplace_back(groups->value());
    }
  }
  return read;
}

TEST(Spilling, GivesTheSameHoweverOftenItSpills) {
  const std::vector<Shape> shapes = {{.name = "some"},
                                     {.name = "hot key", .keys = 1},
                                     {.name = "many keys", .keys = 1'000'000},
                                     {.name = "long values", .blocks = 12, .lines = 20, .value_bytes = 60'000}};
  for (const Shape& shape : shapes) {
    for (std::uint64_t memory_kib : {1, 300, 1'000'000}) {
      for (std::size_t partitions : {1, 7}) {
        std::mt19937 random(5);
        TestFolder folder;
        auto blocks = make_blocks(shape, random);
        std::size_t threads = 1 + random() % 3;
        auto shuffle = Shuffle::make({.separator = " ",
                                      .partitions = partitions,
                                      .memory_bytes = memory_kib << 10,
                                      .scratch_folder = folder.path(),
                                      .threads = threads});
        commit_all(*shuffle, blocks, threads, random);
        ASSERT_TRUE(shuffle->finish().ok());
        EXPECT_EQ(shuffle->spilled_runs() > 0, memory_kib < 1'000'000) << shape.name;
        EXPECT_TRUE(read_values(*shuffle, partitions) == expected_of(blocks))
            << shape.name << ", " << memory_kib << " KiB, " << partitions << " partitions";
        EXPECT_TRUE(folder.is_empty());
      }
    }
  }
}

TEST(Spilling, MergesMoreRunsThanOneMergeReads) {
  std::mt19937 random(6);
  TestFolder folder;
  auto blocks = make_blocks({.name = "", .blocks = 200, .lines = 10}, random);
  auto shuffle = Shuffle::make({.separator = " ", .memory_bytes = 1, .scratch_folder = folder.path()});
  commit_all(*shuffle, blocks, 1, random);
  ASSERT_TRUE(shuffle->finish().ok());
  EXPECT_EQ(shuffle->spilled_runs(), 200U);
  EXPECT_TRUE(read_values(*shuffle, 1) == expected_of(blocks));
}

TEST(Spilling, SkipsTheValuesThatNobodyAskedFor) {
  TestFolder folder;
  auto shuffle = Shuffle::make({.separator = " ", .memory_bytes = 1, .scratch_folder = folder.path()});
  std::mt19937 random(1);
  commit_all(*shuffle, {{{0, 0}, "a 1\na 2\nb 3\n"}, {{0, 1}, "a 4\n"}, {{1, 0}, "a 5\nc 6\n"}}, 1, random);
  ASSERT_TRUE(shuffle->finish().ok());
  auto groups = shuffle->groups(0).value();
  std::string keys;
  while (groups->next_group().value()) keys += groups->key();
  EXPECT_EQ(keys, "abc");
  EXPECT_FALSE(groups->next_value().value());
}

TEST(Spilling, StopsWhileItMerges) {
  TestFolder folder;
  std::stop_source stop;
  auto shuffle =
      Shuffle::make({.separator = " ", .memory_bytes = 1, .scratch_folder = folder.path(), .stop = stop.get_token()});
  std::mt19937 random(1);
  commit_all(*shuffle, make_blocks({.name = "", .blocks = 20}, random), 1, random);
  stop.request_stop();
  EXPECT_EQ(shuffle->finish().error().kind, ErrorKind::kStopped);
}

TEST(Spilling, StopsWhileItSpills) {
  TestFolder folder;
  std::stop_source stop;
  auto shuffle =
      Shuffle::make({.separator = " ", .memory_bytes = 1, .scratch_folder = folder.path(), .stop = stop.get_token()});
  stop.request_stop();
  BlockOutput output{.address = {.input = 0, .number = 0}, .last_input = 0};
  output.lines.emplace_back().append("a 1\n");
  EXPECT_EQ(shuffle->sink()->commit(std::move(output)).error().kind, ErrorKind::kStopped);
}

TEST(Spilling, SaysWhenTheFolderIsFull) {
  TestFolder folder;
  if (::mount("none", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "only root can make the small disk of this test";
  }
  std::mt19937 random(1);
  auto shuffle = Shuffle::make({.separator = " ", .memory_bytes = 1, .scratch_folder = folder.path()});
  Result<void> result;
  {
    auto sink = shuffle->sink();
    for (std::uint32_t i = 0; i < 100 && result.ok(); ++i) {
      BlockOutput output{.address = {.input = 0, .number = i}};
      Buffer& lines = output.lines.emplace_back();
      for (int line = 0; line < 1000; ++line) lines.append(fmt::format("{} {}\n", random(), random()));
      result = sink->commit(std::move(output));
    }
  }
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(result.error().message, HasSubstr("the shuffle's temporary folder " + folder.path() + " is full: needs"));
  EXPECT_THAT(result.error().message, HasSubstr("choose another with --scratch or TMPDIR"));
  EXPECT_TRUE(folder.is_empty());
  shuffle.reset();
  ::umount(folder.path().c_str());
}

RunFile write_run(const std::string& folder, int values) {
  auto writer = RunWriter::make({.folder = folder, .partitions = 1, .block_bytes = 1000}, 0).value();
  CHECK(writer.begin_segment("key", {.input = 1, .number = 2}, static_cast<std::uint64_t>(values)).ok());
  for (int i = 0; i < values; ++i) CHECK(writer.add_value(std::to_string(i)).ok());
  CHECK(writer.end_partition().ok());
  return writer.finish().value();
}

// Reads a run to its end. Returns the error, if any.
Result<void> read_run(const RunFile& run, const std::stop_token& stop = {}) {
  auto groups = make_merged_groups({&run}, 0, stop);
  while (true) {
    TRY_ASSIGN(bool has_group, groups->next_group());
    if (!has_group) return {};
    while (true) {
      TRY_ASSIGN(bool has_value, groups->next_value());
      if (!has_value) break;
    }
  }
}

TEST(Run, NoticesEveryDamagedByte) {
  TestFolder folder;
  RunFile run = write_run(folder.path(), 700);
  ASSERT_TRUE(read_run(run).ok());
  for (std::uint64_t at = 0; at < run.size_bytes; ++at) {
    char byte = 0;
    ASSERT_EQ(::pread(run.fd.number(), &byte, 1, static_cast<off_t>(at)), 1);
    char damaged = static_cast<char>(byte ^ 0x10);
    ASSERT_EQ(::pwrite(run.fd.number(), &damaged, 1, static_cast<off_t>(at)), 1);
    Result<void> result = read_run(run);
    ASSERT_FALSE(result.ok()) << "byte " << at;
    EXPECT_THAT(result.error().message, HasSubstr("was damaged after it was written")) << "byte " << at;
    ASSERT_EQ(::pwrite(run.fd.number(), &byte, 1, static_cast<off_t>(at)), 1);
  }
  ASSERT_EQ(::ftruncate(run.fd.number(), static_cast<off_t>(run.size_bytes - 1)), 0);
  EXPECT_FALSE(read_run(run).ok());
}

TEST(Run, IsReadAndWrittenUntilItIsStopped) {
  TestFolder folder;
  std::stop_source stop;
  RunFile run = write_run(folder.path(), 700);
  EXPECT_TRUE(read_run(run, stop.get_token()).ok());
  auto writer =
      RunWriter::make({.folder = folder.path(), .partitions = 1, .block_bytes = 1000, .stop = stop.get_token()}, 0);
  stop.request_stop();
  EXPECT_EQ(read_run(run, stop.get_token()).error().kind, ErrorKind::kStopped);
  EXPECT_EQ(writer.value().end_partition().error().kind, ErrorKind::kStopped);
}

}  // namespace
}  // namespace quern::shuffle
