#include "stages/decode/parallel_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <ostream>
#include <random>

#include "base/sanitized_for_test.h"
#include "stages/decode/decode.h"
#include "stages/decode/encode_for_test.h"
#include "stages/decode/memory_source_for_test.h"

namespace quern::decode {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

// Limits so small that files of a few kilobytes have many parts.
constexpr ParallelOptions kSmall{
    .threads = 2, .parts = {.joined_bytes = 300, .most_bytes = 400'000}, .ahead_bytes = 1'000'000};

// The tests that cut or damage a file at every byte do so only at every seventh with the thread sanitizer: threads
// interact in the same way at each of them, and each takes much longer.
#ifdef QUERN_THREAD_SANITIZED
constexpr std::size_t kPlaceStep = 7;
#else
constexpr std::size_t kPlaceStep = 1;
#endif

// Everything that a decoder returns.
struct Outcome {
  std::string decoded;
  std::string error;
  std::uint64_t stored_bytes = 0;
};

// liblzma reads some bytes ahead; how many depends on how much was requested at once.
std::string without_offset_of_xz(const std::string& error) {
  return error.starts_with("bad_input: xz: ") ? error.substr(0, error.find(", at byte")) : error;
}

// Compares output before a failure only as far as both go: how far depends on how much was requested at once.
bool operator==(const Outcome& left, const Outcome& right) {
  if (without_offset_of_xz(left.error) != without_offset_of_xz(right.error)) return false;
  if (left.error.empty()) return left.decoded == right.decoded && left.stored_bytes == right.stored_bytes;
  return left.decoded.starts_with(right.decoded) || right.decoded.starts_with(left.decoded);
}

void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << outcome.decoded.size() << " bytes decoded of " << outcome.stored_bytes << " stored, '" << outcome.error
       << "'";
}

Outcome read_all(InputDecoder& decoder, std::size_t step_bytes = 997) {
  Outcome outcome;
  std::string target(step_bytes, '\0');
  while (true) {
    auto count = decoder.read(target);
    if (!count.ok()) outcome.error = std::string(name_of(count.error().kind)) + ": " + count.error().message;
    if (!count.ok() || count.value() == 0) break;
    outcome.decoded.append(target, 0, count.value());
  }
  outcome.stored_bytes = decoder.stored_bytes();
  return outcome;
}

Outcome decode_alone(Compression compression, const std::string& stored) {
  auto decoder = Decoder::make(compression, kSmall.file_window_bytes).value();
  CHECK(decoder->start(std::make_unique<MemorySource>(stored), "").ok());
  return read_all(*decoder);
}

ParallelDecoder::Open open_memory(const std::string& stored, std::size_t read_bytes = std::string::npos) {
  return [=]() -> Result<std::unique_ptr<StoredSource>> {
    return std::unique_ptr<StoredSource>(std::make_unique<MemorySource>(stored, [=] { return read_bytes; }));
  };
}

// Expects that both decoders return the same for this file. Returns whether the parallel one accepted it.
bool expect_same(ParallelDecoder& parallel, Compression compression, const std::string& stored) {
  bool is_taken = parallel.start(compression, open_memory(stored));
  if (is_taken) {
    EXPECT_EQ(read_all(parallel), decode_alone(compression, stored));
  }
  return is_taken;
}

std::vector<std::string> sample(std::size_t parts, std::size_t most_lines) {
  std::mt19937 random(11);
  std::vector<std::string> texts(parts);
  for (std::string& text : texts) {
    for (std::size_t lines = random() % (most_lines + 1); lines > 0; --lines)
      text += "{\"n\": " + std::to_string(random() % 100000) + ", \"os\": \"Linux\"}\n";
  }
  return texts;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text;
  return all;
}

class EachParallelFormat : public testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(Formats, EachParallelFormat,
                         testing::Values(Compression::kXz, Compression::kZstd, Compression::kGzip, Compression::kBzip2),
                         [](const auto& row) { return std::string(name_of(row.param)); });

TEST_P(EachParallelFormat, GivesBackWhatWasEncoded) {
  auto texts = sample(60, 200);
  texts.push_back(joined(sample(1, 1500)));
  std::string stored = encode_parts(GetParam(), texts);
  for (std::size_t threads : {1, 2, 5}) {
    ParallelOptions options = kSmall;
    options.threads = threads;
    ParallelDecoder decoder(options);
    for (std::size_t read_bytes : {13, 1000, 1000000}) {
      ASSERT_TRUE(decoder.start(GetParam(), open_memory(stored, read_bytes)));
      Outcome outcome = read_all(decoder, 1 + read_bytes / 2);
      EXPECT_FALSE(decoder.has_started_over());
      EXPECT_EQ(outcome.error, "");
      EXPECT_EQ(outcome.decoded, joined(texts));
      EXPECT_EQ(outcome.stored_bytes, stored.size());
    }
  }
}

TEST_P(EachParallelFormat, KeepsWithinTheMemoryThatItMayUse) {
  ParallelOptions options = kSmall;
  options.ahead_bytes = 0;
  ParallelDecoder decoder(options);
  auto texts = sample(40, 50);
  EXPECT_TRUE(expect_same(decoder, GetParam(), encode_parts(GetParam(), texts)));
}

TEST_P(EachParallelFormat, LeavesAFileOfOnePartAlone) {
  ParallelDecoder decoder(kSmall);
  for (const std::string& stored : {""s, "text"s, encode(GetParam(), "one\n"), encode_parts(GetParam(), {"one\n"})}) {
    EXPECT_FALSE(decoder.start(GetParam(), open_memory(stored)));
  }
}

TEST_P(EachParallelFormat, FailsLikeTheOtherWhereverTheFileIsCut) {
  ParallelDecoder decoder(kSmall);
  std::string stored = encode_parts(GetParam(), sample(12, 30));
  std::size_t taken = 0;
  for (std::size_t size = 0; size < stored.size(); size += kPlaceStep) {
    if (expect_same(decoder, GetParam(), stored.substr(0, size))) ++taken;
  }
  // A truncated .xz file has no index.
  EXPECT_EQ(taken > 0, GetParam() != Compression::kXz);
}

TEST_P(EachParallelFormat, IsLikeTheOtherWhateverIsDamaged) {
  ParallelDecoder decoder(kSmall);
  std::string stored = encode_parts(GetParam(), sample(6, 8));
  std::size_t taken = 0;
  for (std::size_t at = 0; at < stored.size(); at += kPlaceStep) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = stored;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      if (expect_same(decoder, GetParam(), damaged)) ++taken;
      ASSERT_FALSE(HasFailure()) << at << " bit " << bit;
    }
  }
  EXPECT_GT(taken, 50U / kPlaceStep);
}

TEST_P(EachParallelFormat, IsLikeTheOtherWhateverFollows) {
  ParallelDecoder decoder(kSmall);
  std::string parts = encode_parts(GetParam(), sample(12, 30));
  std::string alone = encode(GetParam(), "one\n");
  for (const std::string& more : {"x"s, "\0"s, std::string(8, '\0'), std::string(400, '\0'), "garbage of any kind\n"s,
                                  alone, parts, alone.substr(0, alone.size() - 1), std::string(8, '\0') + parts}) {
    expect_same(decoder, GetParam(), parts + more);
    expect_same(decoder, GetParam(), parts + more + parts);
    expect_same(decoder, GetParam(), more + parts);
  }
}

TEST_P(EachParallelFormat, GoesOnAloneWhereAPartIsTooLarge) {
  auto texts = sample(12, 30);
  std::string large(4 << 20, 'a');
  std::string stored = encode_parts(GetParam(), texts);
  // A single large frame, member or stream. A bgzip member is never that large.
  std::string file = stored + encode(GetParam(), large) + stored;
  ParallelDecoder decoder(kSmall);
  // The index of an .xz file shows it in advance.
  EXPECT_EQ(expect_same(decoder, GetParam(), file), GetParam() != Compression::kXz);
}

TEST_P(EachParallelFormat, CanBeClosedAnywhere) {
  ParallelDecoder decoder(kSmall);
  auto texts = sample(30, 100);
  std::string stored = encode_parts(GetParam(), texts);
  std::string target(777, '\0');
  for (int reads = 0; reads < 20; ++reads) {
    ASSERT_TRUE(decoder.start(GetParam(), open_memory(stored)));
    for (int i = 0; i < reads; ++i) ASSERT_TRUE(decoder.read(target).ok());
    decoder.close();
  }
  EXPECT_TRUE(expect_same(decoder, GetParam(), stored));
}

TEST(ParallelDecoder, TakesOneFormatAfterTheOther) {
  ParallelDecoder decoder(kSmall);
  auto texts = sample(20, 50);
  for (Compression compression : {Compression::kXz, Compression::kZstd, Compression::kXz, Compression::kGzip}) {
    EXPECT_TRUE(expect_same(decoder, compression, encode_parts(compression, texts)));
  }
  for (Compression compression : {Compression::kLz4, Compression::kLzma, Compression::kNone}) {
    EXPECT_FALSE(decoder.start(compression, open_memory(encode(compression, "one\n"))));
  }
}

TEST(ParallelDecoder, ReadsFramesThatSayHowLongTheyAreAndSkippableOnes) {
  std::string skippable =
      "\x53\x2a\x4d\x18\x05\x00\x00\x00"
      "abcde"s;
  std::string stored;
  std::string all;
  for (const std::string& text : sample(30, 100)) {
    std::string frame(ZSTD_compressBound(text.size()), '\0');
    frame.resize(ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 1));
    stored += skippable + frame;
    all += text;
  }
  ParallelDecoder decoder(kSmall);
  ASSERT_TRUE(decoder.start(Compression::kZstd, open_memory(stored)));
  EXPECT_EQ(read_all(decoder).decoded, all);
  EXPECT_TRUE(expect_same(decoder, Compression::kZstd, stored + skippable));
  EXPECT_TRUE(expect_same(decoder, Compression::kZstd, stored + skippable.substr(0, 10)));
}

// A member whose header claims more than its length, followed by zeros: padding, which may occur only at the end of a
// file.
TEST(ParallelDecoder, TakesNoPaddingBetweenMembers) {
  auto texts = sample(12, 30);
  std::string member = encode_parts(Compression::kGzip, {"one\n"});
  member[16] = static_cast<char>(member[16] + 8);
  std::string parts = encode_parts(Compression::kGzip, texts);
  ParallelDecoder decoder(kSmall);
  EXPECT_TRUE(expect_same(decoder, Compression::kGzip, parts + member + std::string(8, '\0') + parts));
  EXPECT_TRUE(expect_same(decoder, Compression::kGzip, parts + member + std::string(8, '\0')));
}

TEST(ParallelDecoder, ReadsXzStreamsBehindEachOtherWithPadding) {
  auto texts = sample(12, 30);
  std::string blocks = encode_parts(Compression::kXz, texts);
  std::string empty = encode(Compression::kXz, "");
  std::string stored = blocks + std::string(8, '\0') + empty + encode(Compression::kXz, "one\n") + blocks;
  ParallelDecoder decoder(kSmall);
  ASSERT_TRUE(decoder.start(Compression::kXz, open_memory(stored)));
  EXPECT_EQ(read_all(decoder).decoded, joined(texts) + "one\n" + joined(texts));
  EXPECT_TRUE(expect_same(decoder, Compression::kXz, stored + empty + std::string(4, '\0')));
}

TEST(ParallelDecoder, SaysThatAFileChangedUnderIt) {
  std::string stored = encode_parts(Compression::kZstd, sample(30, 100));
  int opened = 0;
  auto open = [&]() -> Result<std::unique_ptr<StoredSource>> {
    std::string bytes = opened++ == 0 ? stored.substr(0, stored.size() - 1) : encode(Compression::kZstd, "");
    return std::unique_ptr<StoredSource>(std::make_unique<MemorySource>(bytes));
  };
  ParallelDecoder decoder(kSmall);
  ASSERT_TRUE(decoder.start(Compression::kZstd, open));
  EXPECT_THAT(read_all(decoder).error, HasSubstr("bad_input: the file changed while it was read"));
}

TEST(ParallelDecoder, FailsWhenTheFileIsGoneAndNeverEndsAsIfItWereWhole) {
  std::string stored = encode_parts(Compression::kZstd, sample(30, 100));
  int opened = 0;
  auto open = [&]() -> Result<std::unique_ptr<StoredSource>> {
    if (opened++ > 0) return Error{.kind = ErrorKind::kNotFound, .message = "gone"};
    return std::unique_ptr<StoredSource>(std::make_unique<MemorySource>(stored.substr(0, stored.size() - 1)));
  };
  ParallelDecoder decoder(kSmall);
  ASSERT_TRUE(decoder.start(Compression::kZstd, open));
  EXPECT_EQ(read_all(decoder).error, "not_found: gone");
  EXPECT_EQ(read_all(decoder).error, "not_found: gone");
}

}  // namespace
}  // namespace quern::decode
