#include "stages/decode/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "model/limits.h"
#include "stages/decode/decode.h"
#include "stages/decode/encode_for_test.h"
#include "stages/decode/memory_source_for_test.h"

namespace quern::decode {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

constexpr Compression kFormats[] = {Compression::kXz,    Compression::kLzma, Compression::kGzip,  Compression::kZstd,
                                    Compression::kBzip2, Compression::kLz4,  Compression::kBrotli};
// An .lzma and a .br file are one stream, without a checksum.
bool is_bare_stream(Compression compression) {
  return compression == Compression::kLzma || compression == Compression::kBrotli;
}

Result<std::string> read_all(ByteSource& source, std::size_t step_bytes = 4096) {
  std::string decoded;
  while (true) {
    std::size_t used = decoded.size();
    decoded.resize(used + step_bytes);
    TRY_ASSIGN(std::size_t count, source.read(std::span(decoded).subspan(used)));
    decoded.resize(used + count);
    if (count == 0) return decoded;
  }
}

Result<std::string> decode(Compression compression, std::string stored, std::size_t read_bytes = std::string::npos,
                           std::size_t step_bytes = 4096) {
  auto source = std::make_unique<MemorySource>(std::move(stored), [=] { return read_bytes; });
  TRY_ASSIGN(auto decoder, make_decoder(compression, std::move(source)));
  return read_all(*decoder, step_bytes);
}

// Lines that compress well, but not to almost nothing.
std::string sample(std::size_t lines) {
  std::mt19937 random(7);
  std::string text;
  for (std::size_t i = 0; i < lines; ++i)
    text += "{\"n\": " + std::to_string(random() % 100000) + ", \"os\": \"Linux\"}\n";
  return text;
}

// Every format, as a parameter.
class EachFormat : public testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(Formats, EachFormat, testing::ValuesIn(kFormats),
                         [](const auto& row) { return std::string(name_of(row.param)); });

TEST_P(EachFormat, GivesBackWhatWasEncoded) {
  std::string large = sample(20000);
  for (const std::string& text : {""s, "\n"s, "a"s, sample(3), large}) {
    auto decoded = decode(GetParam(), encode(GetParam(), text));
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(decoded.value(), text);
  }
}

TEST_P(EachFormat, DoesNotDependOnHowBytesArrive) {
  std::string text = sample(2000);
  std::string stored = encode(GetParam(), text);
  for (std::size_t read_bytes : {1, 2, 3, 13, 1000}) {
    for (std::size_t step_bytes : {1, 7, 100000}) {
      auto decoded = decode(GetParam(), stored, read_bytes, step_bytes);
      ASSERT_TRUE(decoded.ok()) << decoded.error().message;
      EXPECT_EQ(decoded.value(), text) << read_bytes << " " << step_bytes;
    }
  }
}

TEST_P(EachFormat, FailsWhereverTheFileIsCut) {
  std::string stored = encode(GetParam(), sample(100));
  for (std::size_t size = 1; size < stored.size(); ++size) {
    auto decoded = decode(GetParam(), stored.substr(0, size));
    ASSERT_FALSE(decoded.ok()) << size << " of " << stored.size();
    EXPECT_EQ(decoded.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(decoded.error().message, HasSubstr("at byte " + std::to_string(size)));
    EXPECT_THAT(decoded.error().message, HasSubstr("truncated"));
  }
}

TEST_P(EachFormat, RefusesAFileWithoutAnyByteAsItsProgramDoes) {
  auto decoded = decode(GetParam(), "");
  ASSERT_EQ(decoded.ok(), GetParam() == Compression::kLz4);
  if (decoded.ok()) return;
  EXPECT_EQ(decoded.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(decoded.error().message, HasSubstr("the file is empty"));
}

TEST_P(EachFormat, NeverGivesOtherBytesForADamagedFile) {
  std::string text = sample(60);
  std::string stored = encode(GetParam(), text);
  for (std::size_t at = 0; at < stored.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = stored;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      auto decoded = decode(GetParam(), damaged);
      // Without a checksum, this only checks that decoding ends without harm.
      if (!decoded.ok() || is_bare_stream(GetParam())) continue;
      ASSERT_EQ(decoded.value(), text) << at << " bit " << bit;
    }
  }
}

TEST_P(EachFormat, RefusesGarbageBehindTheData) {
  std::string stored = encode(GetParam(), sample(3));
  for (const std::string& garbage : {"x"s, "\n"s, "\x1f"s, "garbage that is longer than any header would be\n"s}) {
    auto decoded = decode(GetParam(), stored + garbage);
    ASSERT_FALSE(decoded.ok()) << garbage;
    EXPECT_EQ(decoded.error().kind, ErrorKind::kBadInput);
    // 0x1f may be the first byte of a gzip header; no header begins with the other bytes.
    if (garbage == "\x1f") continue;
    EXPECT_THAT(decoded.error().message, HasSubstr("follow")) << garbage;
  }
}

TEST(Xz, MayBePaddedWithFoursOfZeros) {
  const std::string stream = encode(Compression::kXz, "one\n");
  for (std::size_t zeros : {0, 1, 3, 4, 6, 8, 12, 400}) {
    const std::string padding(zeros, '\0');
    const bool is_good = zeros % 4 == 0;
    EXPECT_EQ(decode(Compression::kXz, stream + padding).ok(), is_good) << zeros;
    EXPECT_EQ(decode(Compression::kXz, stream + padding + stream).ok(), is_good) << zeros;
  }
  EXPECT_EQ(decode(Compression::kXz, stream + std::string(8, '\0') + stream).value(), "one\none\n");
  EXPECT_FALSE(decode(Compression::kXz, stream + std::string(4, '\0') + "x").ok());
  EXPECT_FALSE(decode(Compression::kXz, std::string(4, '\0') + stream).ok());
}

TEST_P(EachFormat, SaysThatTextIsNotCompressed) {
  auto decoded = decode(GetParam(), "{\"this\": \"is plain JSON and longer than any header\"}\n");
  ASSERT_FALSE(decoded.ok());
  EXPECT_THAT(decoded.error().message, HasSubstr(std::string(name_of(GetParam())) + ": this is not "));
}

TEST_P(EachFormat, ReadsOnePieceBehindTheOther) {
  std::string stored;
  for (const char* text : {"one\n", "", "two\n", "three\n"}) stored += encode(GetParam(), text);
  if (is_bare_stream(GetParam())) {
    EXPECT_FALSE(decode(GetParam(), stored).ok());
    return;
  }
  for (std::size_t read_bytes : {1, 5, 1000}) {
    auto decoded = decode(GetParam(), stored, read_bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(decoded.value(), "one\ntwo\nthree\n");
  }
}

TEST_P(EachFormat, StartsAgainAfterAFailure) {
  auto decoder = Decoder::make(GetParam(), limits::kDecodeWindowBytes).value();
  std::string text = sample(500);
  std::string stored = encode(GetParam(), text);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(decoder->start(std::make_unique<MemorySource>(stored.substr(0, stored.size() / 2)), "").ok());
    EXPECT_FALSE(read_all(*decoder).ok());
    ASSERT_TRUE(decoder->start(std::make_unique<MemorySource>(stored.substr(5)), stored.substr(0, 5)).ok());
    EXPECT_EQ(read_all(*decoder).value(), text);
    EXPECT_EQ(decoder->stored_bytes(), stored.size());
  }
}

// gzip(1) writes headers with dynamic codes, which the encoder of these tests does not.
TEST(Gzip, ReadsWhatTheToolWritesHoweverItArrives) {
  std::string text = sample(8000);
  std::string path = testing::TempDir() + "quern_gzip_test.txt";
  std::ofstream(path, std::ios::binary) << text;
  for (const char* level : {"-1", "-6", "-9"}) {
    std::unique_ptr<FILE, int (*)(FILE*)> tool(::popen(("gzip -nc " + (level + (" " + path))).c_str(), "r"), ::pclose);
    std::string stored(text.size(), '\0');
    stored.resize(std::fread(stored.data(), 1, stored.size(), tool.get()));
    ASSERT_GT(stored.size(), 1000U);
    for (std::size_t read_bytes : {1, 2, 3, 5, 8, 9, 100, 333, 1000000}) {
      for (std::size_t step_bytes : {1, 333, 100000}) {
        auto decoded = decode(Compression::kGzip, stored, read_bytes, step_bytes);
        ASSERT_TRUE(decoded.ok()) << decoded.error().message;
        ASSERT_EQ(decoded.value(), text);
      }
    }
    for (std::size_t size = 1; size < stored.size(); size += 1 + size / 100) {
      EXPECT_FALSE(decode(Compression::kGzip, stored.substr(0, size)).ok()) << size;
    }
  }
  std::filesystem::remove(path);
}

TEST(Gzip, ReadsEveryFieldOfAHeader) {
  // Flags: header CRC, extra field, name, comment.
  std::string head = "\x1f\x8b\x08\x1e\x00\x00\x00\x00\x00\x03"s + "\x04\x00"s + "abcd" + "name.json\0"s + "comment\0"s;
  std::string member = encode(Compression::kGzip, "one\n");
  // CRC-32 of `head`, low 16 bits, as gzip writes it.
  std::uint32_t crc = ~0U;
  for (unsigned char byte : head) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320U & -(crc & 1));
  }
  crc = ~crc;
  std::string check = {static_cast<char>(crc & 0xff), static_cast<char>(crc >> 8 & 0xff)};
  for (std::size_t read_bytes : {1, 2, 1000}) {
    auto decoded = decode(Compression::kGzip, head + check + member.substr(10), read_bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(decoded.value(), "one\n");
  }
}

TEST(Gzip, AcceptsZerosBehindTheLastMember) {
  std::string stored = encode(Compression::kGzip, "one\n") + std::string(1000, '\0');
  EXPECT_EQ(decode(Compression::kGzip, stored, 100).value(), "one\n");
  EXPECT_FALSE(decode(Compression::kGzip, stored + "x", 100).ok());
  EXPECT_FALSE(decode(Compression::kGzip, stored + encode(Compression::kGzip, "two\n")).ok());
}

TEST(Xz, AcceptsPaddingBetweenStreams) {
  std::string stored = encode(Compression::kXz, "one\n");
  EXPECT_EQ(decode(Compression::kXz, stored + std::string(8, '\0') + stored).value(), "one\none\n");
  EXPECT_FALSE(decode(Compression::kXz, stored + std::string(3, '\0')).ok());
}

TEST(Zstd, SkipsSkippableFrames) {
  std::string skippable =
      "\x53\x2a\x4d\x18\x05\x00\x00\x00"
      "abcde"s;
  std::string frame = encode(Compression::kZstd, "one\n");
  std::string stored = skippable + frame + skippable + frame;
  for (std::size_t read_bytes : {1, 1000}) {
    EXPECT_EQ(decode(Compression::kZstd, stored, read_bytes).value(), "one\none\n");
  }
  EXPECT_FALSE(decode(Compression::kZstd, frame + skippable.substr(0, 10)).ok());
}

TEST(Lz4, SkipsSkippableFrames) {
  std::string skippable =
      "\x50\x2a\x4d\x18\x05\x00\x00\x00"
      "abcde"s;
  std::string frame = encode(Compression::kLz4, "one\n");
  std::string stored = skippable + frame + skippable + frame;
  for (std::size_t read_bytes : {1, 1000}) {
    EXPECT_EQ(decode(Compression::kLz4, stored, read_bytes).value(), "one\none\n");
  }
  EXPECT_FALSE(decode(Compression::kLz4, frame + skippable.substr(0, 10)).ok());
}

TEST(Lz4, RefusesTheLegacyFormatByItsName) {
  for (std::size_t read_bytes : {1, 1000}) {
    auto decoded = decode(Compression::kLz4, "\x02\x21\x4c\x18\x06\x00\x00\x00\x40one\n"s, read_bytes);
    ASSERT_FALSE(decoded.ok());
    EXPECT_THAT(decoded.error().message, HasSubstr("legacy"));
  }
}

TEST(Zstd, ReadsLongWindowsUpToTheLimit) {
  std::string stored = encode_zstd(sample(10), 22);
  auto within = Decoder::make(Compression::kZstd, 4 * limits::kMiB).value();
  ASSERT_TRUE(within->start(std::make_unique<MemorySource>(stored), "").ok());
  EXPECT_EQ(read_all(*within).value(), sample(10));
  auto below = Decoder::make(Compression::kZstd, 2 * limits::kMiB).value();
  ASSERT_TRUE(below->start(std::make_unique<MemorySource>(stored), "").ok());
  EXPECT_THAT(read_all(*below).error().message, HasSubstr("window above the limit of 2.1 MB"));
}

TEST(Xz, RefusesADictionaryAboveTheLimit) {
  for (Compression compression : {Compression::kXz, Compression::kLzma}) {
    auto decoder = Decoder::make(compression, limits::kMiB / 8).value();
    ASSERT_TRUE(decoder->start(std::make_unique<MemorySource>(encode(compression, sample(10))), "").ok());
    EXPECT_THAT(read_all(*decoder).error().message, HasSubstr("the limit is 131.1 kB"));
  }
}

TEST(Lzma, VerifiesALengthInTheHeader) {
  std::string text = sample(10);
  std::string stored = encode_lzma(text, true);
  EXPECT_EQ(decode(Compression::kLzma, stored).value(), text);
  stored[5] = static_cast<char>(stored[5] + 1);
  EXPECT_FALSE(decode(Compression::kLzma, stored).ok());
}

TEST(Lzma, ReadsFilesOfItsTime) {
  const char* root = std::getenv("QUERN_SOURCE_DIR");
  std::string folder = std::string(root == nullptr ? "." : root) + "/../shared/data/telemetry/";
  for (const char* name : {"ss-ff-n-22.lzma", "ss-ff-n-28.lzma"}) {
    auto file = open_stored_file(folder + name, 0);
    if (!file.ok()) GTEST_SKIP() << "the real files of 2013 are not on this machine: " << file.error().message;
    auto decoder = make_decoder(Compression::kLzma, std::move(file).value());
    auto decoded = read_all(*decoder.value());
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_GT(decoded.value().size(), 50000U) << name;
    EXPECT_EQ(decoded.value().back(), '\n') << name;
  }
}

TEST(StoredFile, NamesWhatCannotBeRead) {
  auto missing = open_stored_file("/nonexistent/a.gz", 0);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message, "opening /nonexistent/a.gz: No such file or directory");
  auto folder = open_stored_file("/tmp", 0);
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ(read_all(*folder.value()).error().message, "/tmp: reading: Is a directory");
}

}  // namespace
}  // namespace quern::decode
