#include "stages/output/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "model/accounting_json.h"
#include "services/disk/files.h"

namespace quern::output {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Output : public testing::Test {
 protected:
  Output() : scratch_(disk::ScratchFolder::make("").value()) {}
  std::string at(const std::string& name) const { return scratch_.path() + "/" + name; }
  std::string text_of(const std::string& name) const { return read_file(at(name), 1 << 30).value(); }
  disk::ScratchFolder scratch_;
};

using ResultTargetTest = Output;
using PartedOutputTest = Output;
using BadRecordFileTest = Output;

TEST_F(ResultTargetTest, IsAFileThatAppearsWhenItIsComplete) {
  auto target = ResultTarget::make(at("result.txt")).value();
  auto sink = make_direct_sink(*target);
  ASSERT_TRUE(sink->add("a", "a 1\n").ok());
  ASSERT_TRUE(sink->add("b", "b 2\n").ok());
  EXPECT_EQ(target->size_bytes(), 8U);
  EXPECT_FALSE(fs::exists(at("result.txt")));
  ASSERT_TRUE(target->commit().ok());
  EXPECT_EQ(text_of("result.txt"), "a 1\nb 2\n");
}

TEST_F(ResultTargetTest, IsCompressedAsItsNameSays) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 2654435761U) + "\n";
  for (const char* name : {"r.gz", "r.zst", "r.xz"}) {
    auto whole = ResultTarget::make(at(name)).value();
    ASSERT_TRUE(whole->write(text).ok());
    ASSERT_TRUE(whole->commit().ok());
    const std::string packed = text_of(name);
    EXPECT_LT(packed.size(), text.size());
    EXPECT_EQ(whole->size_bytes(), packed.size());
    // However the bytes arrive.
    auto pieces = ResultTarget::make(at(name)).value();
    for (std::size_t at = 0; at < text.size(); at += 7919) {
      ASSERT_TRUE(pieces->write(std::string_view(text).substr(at, 7919)).ok());
    }
    ASSERT_TRUE(pieces->commit().ok());
    EXPECT_TRUE(text_of(name) == packed) << name;
  }
  for (const char* name : {"empty.gz", "empty.zst", "empty.xz"}) {
    ASSERT_TRUE(ResultTarget::make(at(name)).value()->commit().ok());
    EXPECT_GT(text_of(name).size(), 8U);
  }
}

TEST_F(ResultTargetTest, NamesAPathThatCannotBeWritten) {
  auto target = ResultTarget::make(at("missing/result.txt"));
  ASSERT_FALSE(target.ok());
  EXPECT_THAT(target.error().message, HasSubstr("missing/result.txt"));
}

// While this object exists, descriptor 1 is a pipe.
class PipedStandardOutput {
 public:
  PipedStandardOutput() : pipe_(make_pipe(1 << 16).value()), saved_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    ::dup2(pipe_.write_end.number(), STDOUT_FILENO);
    pipe_.write_end.reset();
  }
  ~PipedStandardOutput() { ::dup2(saved_.number(), STDOUT_FILENO); }
  Fd& read_end() { return pipe_.read_end; }

 private:
  Pipe pipe_;
  Fd saved_;
};

TEST_F(ResultTargetTest, IsStandardOutputForADash) {
  std::string got(100, '\0');
  {
    PipedStandardOutput piped;
    auto target = ResultTarget::make("-").value();
    ASSERT_TRUE(target->write("a 1\n").ok());
    ASSERT_TRUE(target->commit().ok());
    got.resize(read_some(piped.read_end(), got).value());
  }
  EXPECT_EQ(got, "a 1\n");
}

TEST_F(ResultTargetTest, SaysThatStandardOutputWasClosed) {
  ::signal(SIGPIPE, SIG_IGN);
  Result<void> committed;
  {
    PipedStandardOutput piped;
    auto target = ResultTarget::make("-").value();
    piped.read_end().reset();
    ASSERT_TRUE(target->write("a 1\n").ok());
    committed = target->commit();
  }
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().kind, ErrorKind::kStopped);
  EXPECT_EQ(committed.error().message, "standard output was closed");
}

TEST_F(PartedOutputTest, MergesThePartsIntoKeyOrder) {
  std::mt19937 random(1);
  constexpr std::size_t kParts = 7;
  std::map<std::string, std::string> all;
  std::vector<std::map<std::string, std::string>> parts(kParts);
  for (int i = 0; i < 3000; ++i) {
    std::string key(random() % 9, '\0');
    for (char& byte : key) byte = static_cast<char>(random() % 256);
    if (!all.emplace(key, key + std::string(random() % 300, 'v') + "\n").second) continue;
    parts[random() % (kParts - 1)][key] = all[key];  // the last part stays empty
  }
  all["large"] = std::string(3 << 20, 'x') + "\n";
  parts[2]["large"] = all["large"];

  auto output = PartedOutput::make(scratch_.path(), kParts);
  {
    std::vector<std::jthread> reducers;
    for (std::size_t part = 0; part < kParts; ++part) {
      reducers.emplace_back([&, part] {
        auto sink = output->sink(part).value();
        for (const auto& [key, text] : parts[part]) EXPECT_TRUE(sink->add(key, text).ok());
      });
    }
  }
  auto target = ResultTarget::make(at("result.txt")).value();
  ASSERT_TRUE(output->merge(*target).ok());
  ASSERT_TRUE(target->commit().ok());
  std::string expected;
  for (const auto& [key, text] : all) expected += text;
  EXPECT_TRUE(text_of("result.txt") == expected);
  EXPECT_FALSE(fs::exists(at("part-0")));
}

TEST_F(PartedOutputTest, KeepsTheOrderOfPartsAndOfLinesUnderOneKey) {
  auto output = PartedOutput::make(scratch_.path(), 3);
  for (std::size_t part : {1, 0}) {
    auto sink = output->sink(part).value();
    for (const char* line : {"first\n", "second\n", ""}) {
      ASSERT_TRUE(sink->add("key", line[0] == '\0' ? "" : std::to_string(part) + line).ok());
    }
  }
  auto target = ResultTarget::make(at("result.txt")).value();
  ASSERT_TRUE(output->merge(*target).ok());
  ASSERT_TRUE(target->commit().ok());
  EXPECT_EQ(text_of("result.txt"), "0first\n0second\n1first\n1second\n");
}

TEST_F(PartedOutputTest, StartsAPartAnewWhenItsSinkIsAskedForAgain) {
  auto output = PartedOutput::make(scratch_.path(), 1);
  ASSERT_TRUE(output->sink(0).value()->add("a", "from a reducer that died\n").ok());
  ASSERT_TRUE(output->sink(0).value()->add("a", "a\n").ok());
  auto target = ResultTarget::make(at("result.txt")).value();
  ASSERT_TRUE(output->merge(*target).ok());
  EXPECT_EQ(target->size_bytes(), 2U);
}

TEST_F(PartedOutputTest, ReportsPartsThatCannotBeWrittenOrWereCut) {
  auto unusable = PartedOutput::make(at("missing"), 1)->sink(0);
  ASSERT_FALSE(unusable.ok());
  EXPECT_THAT(unusable.error().message, HasSubstr("--scratch or TMPDIR"));

  auto output = PartedOutput::make(scratch_.path(), 2);
  ASSERT_TRUE(output->sink(0).value()->add("key", "0123456789\n").ok());
  auto target = ResultTarget::make(at("result.txt")).value();
  for (std::uintmax_t size : {24, 14, 3}) {
    fs::resize_file(at("part-0"), size);
    EXPECT_THAT(output->merge(*target).error().message, HasSubstr("part-0 ends too early")) << size;
  }
  fs::remove(at("part-0"));
  fs::create_symlink("/dev/full", at("part-1"));
  ASSERT_TRUE(output->sink(1).value()->add("key", "lost in the destructor\n").ok());
  ASSERT_TRUE(output->sink(0).ok());
  EXPECT_EQ(output->merge(*target).error().kind, ErrorKind::kNoSpace);
}

TEST_F(BadRecordFileTest, HoldsEachRecordVerbatimBehindItsAddress) {
  auto file = BadRecordFile::make(at("bad_records.txt"));
  using namespace std::string_view_literals;
  ASSERT_TRUE(file->add("data/a.gz", 12, "ValueError: no", "{\"a\": \0\xff# }"sv).ok());
  ASSERT_TRUE(file->add("two\nlines", 1, "first\r\nsecond", "").ok());
  EXPECT_FALSE(fs::exists(at("bad_records.txt")));
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(text_of("bad_records.txt"),
            "# data/a.gz:12: ValueError: no\n{\"a\": \0\xff# }\n# two lines:1: first  second\n\n"sv);
}

TEST_F(BadRecordFileTest, IsNotMadeWithoutBadRecords) {
  auto file = BadRecordFile::make(at("missing/bad_records.txt"));
  EXPECT_TRUE(file->commit().ok());
  EXPECT_FALSE(file->add("a", 1, "b", "c").ok());
}

TEST_F(BadRecordFileTest, TakesRecordsFromManyThreads) {
  auto file = BadRecordFile::make(at("bad_records.txt"));
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) EXPECT_TRUE(file->add("f", 1, "why", "record").ok());
      });
    }
  }
  ASSERT_TRUE(file->commit().ok());
  std::string expected;
  for (int i = 0; i < 2000; ++i) expected += "# f:1: why\nrecord\n";
  EXPECT_EQ(text_of("bad_records.txt"), expected);
}

TEST_F(PartedOutputTest, GoesThroughFilesOfItsOwn) {
  std::vector<std::string> paths;
  for (std::size_t part = 0; part < 2; ++part) {
    paths.push_back(at("own-" + std::to_string(part)));
    auto target = ResultTarget::make(paths.back()).value();
    auto sink = make_keyed_sink(*target);
    for (const char* key : {"", "a", "b"}) {
      ASSERT_TRUE(sink->add(key, key + std::to_string(part) + "\n").ok());
      ASSERT_TRUE(sink->add(key, "").ok());
    }
    ASSERT_TRUE(target->commit().ok());
  }
  auto target = ResultTarget::make(at("result.txt")).value();
  ASSERT_TRUE(merge_part_files(paths, *target).ok());
  ASSERT_TRUE(target->commit().ok());
  EXPECT_EQ(text_of("result.txt"), "0\n1\na0\na1\nb0\nb1\n");
  // The bytes that docs/formats/part.md specifies.
  EXPECT_EQ(text_of("own-1").substr(14, 16), std::string("\1\0\0\0\3\0\0\0\0\0\0\0a"
                                                         "a1\n",
                                                         16));
}

TEST_F(PartedOutputTest, RefusesFilesThatAreNoParts) {
  auto target = ResultTarget::make(at("result.txt")).value();
  EXPECT_EQ(merge_part_files({at("missing")}, *target).error().kind, ErrorKind::kNotFound);
  std::ofstream(at("words")) << "these are words and no part at all";
  EXPECT_THAT(merge_part_files({at("words")}, *target).error().message, HasSubstr("words ends too early"));
  std::ofstream(at("cut")) << std::string("\1\0\0\0\3\0\0\0\0\0\0\0a", 13);
  auto cut = merge_part_files({at("cut")}, *target);
  EXPECT_EQ(cut.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(cut.error().message, HasSubstr("cut ends too early"));
}

TEST_F(Output, CompressesParts) {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += "key" + std::to_string(i) + " 1\n";
  std::ofstream(at("result.txt")) << text;
  auto part = compress_part(at("result.txt"), scratch_.path(), "result.txt.zst");
  ASSERT_TRUE(part.ok()) << part.error().message;
  EXPECT_EQ(part.value().name, "result.txt.zst");
  EXPECT_EQ(part.value().decoded_bytes, text.size());
  EXPECT_EQ(part.value().bytes, fs::file_size(at("result.txt.zst")));
  EXPECT_EQ(part.value().sha256.size(), 64U);
  EXPECT_EQ(std::system(("zstd -q -d " + at("result.txt.zst") + " -o " + at("again")).c_str()), 0);
  EXPECT_TRUE(text_of("again") == text);
  EXPECT_EQ(compress_part(at("result.txt"), scratch_.path(), "again.zst").value().sha256, part.value().sha256);
  std::ofstream(at("empty")).flush();
  EXPECT_EQ(compress_part(at("empty"), scratch_.path(), "empty.zst").value().decoded_bytes, 0U);
  EXPECT_FALSE(compress_part(at("missing"), scratch_.path(), "missing.zst").ok());
  EXPECT_FALSE(compress_part(at("empty"), at("missing"), "empty.zst").ok());
}

TEST_F(Output, WritesTheAccountingOrSaysWhyNot) {
  Accounting accounting;
  accounting.job = "os-count";
  ASSERT_TRUE(write_accounting(accounting, at("result.json")).ok());
  EXPECT_EQ(text_of("result.json"), accounting_json(accounting));
  EXPECT_EQ(write_accounting(accounting, "/dev/full").error().kind, ErrorKind::kNoSpace);
}

}  // namespace
}  // namespace quern::output
