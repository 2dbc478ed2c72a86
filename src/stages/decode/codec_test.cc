#include <gtest/gtest.h>

#include "stages/decode/decode.h"
#include "stages/decode/encode_for_test.h"

namespace quern::decode {
namespace {

using namespace std::string_view_literals;

struct Row {
  const char* what;
  std::string_view first_bytes;
  const char* name;
  Compression compression;
};

constexpr std::string_view kLzmaHead = "\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00"sv;

constexpr Row kRows[] = {
    {"nothing", "", "a", Compression::kNone},
    {"nothing, named", "", "a.gz", Compression::kGzip},
    {"text", "{\"a\": 1}\n", "a.json", Compression::kNone},
    {"text in spite of its name", "{\"a\": 1}\n", "a.xz", Compression::kXz},
    {"xz", "\xfd\x37\x7a\x58\x5a\x00\x00"sv, "a", Compression::kXz},
    {"xz in spite of its name", "\xfd\x37\x7a\x58\x5a\x00"sv, "a.gz", Compression::kXz},
    {"a part of xz's magic", "\xfd\x37\x7a"sv, "a", Compression::kNone},
    {"gzip", "\x1f\x8b\x08"sv, "a", Compression::kGzip},
    {"zstd", "\x28\xb5\x2f\xfd"sv, "a", Compression::kZstd},
    {"a skippable frame", "\x5f\x2a\x4d\x18"sv, "a", Compression::kZstd},
    {"a skippable frame of lz4", "\x50\x2a\x4d\x18"sv, "a.lz4", Compression::kLz4},
    {"lz4", "\x04\x22\x4d\x18"sv, "a", Compression::kLz4},
    {"lz4, legacy", "\x02\x21\x4c\x18"sv, "a", Compression::kLz4},
    {"bzip2", "BZh91AY&SY"sv, "a", Compression::kBzip2},
    {"bzip2 of nothing", "BZh1\x17\x72\x45\x38\x50\x90"sv, "a", Compression::kBzip2},
    {"text like bzip2", "BZh9 is a station"sv, "a", Compression::kNone},
    {"bzip2, cut", "BZh9"sv, "a.bz2", Compression::kBzip2},
    {"lzma", kLzmaHead, "a", Compression::kLzma},
    {"lzma, cut", kLzmaHead.substr(0, 13), "a", Compression::kNone},
    {"lzma, 3 * 2^n", "\x5d\x00\x00\xc0\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00"sv, "a", Compression::kLzma},
    {"odd dictionary", "\x5d\x01\x00\x80\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00"sv, "a", Compression::kNone},
    {"impossible length", "\x5d\x00\x00\x80\x00\x10\x00\x00\x00\x00\x01\x00\x00\x00"sv, "a", Compression::kNone},
    {"text like lzma", "]ABCDEFGHIJKLMNOP"sv, "a", Compression::kNone},
    {"Brotli is known by its name alone", "\x8b\x01\x80"sv, "a", Compression::kNone},
    {"Brotli that begins like gzip", "\x1f\x8b\x00"sv, "a.json.br", Compression::kBrotli},
    {".zstd", "x", "a.zstd", Compression::kZstd},
    {".tgz", "x", "a.tgz", Compression::kGzip},
    {"the ending counts, not the middle", "x", "a.gz.txt", Compression::kNone},
};

TEST(Detect, LooksAtTheBytesAndThenAtTheName) {
  for (const Row& row : kRows) EXPECT_EQ(detect(row.first_bytes, row.name), row.compression) << row.what;
}

TEST(Detect, KnowsWhatEachEncoderWrites) {
  for (Compression compression : {Compression::kXz, Compression::kLzma, Compression::kGzip, Compression::kZstd,
                                  Compression::kBzip2, Compression::kLz4}) {
    EXPECT_EQ(detect(encode(compression, "one\ntwo\n"), "a"), compression) << name_of(compression);
    EXPECT_EQ(detect(encode(compression, ""), "a"), compression) << name_of(compression);
  }
}

}  // namespace
}  // namespace quern::decode
