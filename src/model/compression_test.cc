#include "model/compression.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(CompressedName, TellsTheCompressionAndTheNameWithoutIt) {
  struct Row {
    const char* name;
    Compression compression;
    const char* decoded;
  };
  const Row rows[] = {
      {"a.json.gz", Compression::kGzip, "a.json"},
      {"a.tgz", Compression::kGzip, "a.tar"},
      {"a.tar.GZ", Compression::kGzip, "a.tar"},
      {"a.bgz", Compression::kGzip, "a"},
      {"a.gzip", Compression::kGzip, "a"},
      {"a.txz", Compression::kXz, "a.tar"},
      {"a.tlz", Compression::kLzma, "a.tar"},
      {"a.TBZ", Compression::kBzip2, "a.tar"},
      {"a.tbz2", Compression::kBzip2, "a.tar"},
      {"a.tzst", Compression::kZstd, "a.tar"},
      {"a.zstd", Compression::kZstd, "a"},
      {"a.zst", Compression::kZstd, "a"},
      {"a.xz", Compression::kXz, "a"},
      {"a.lzma", Compression::kLzma, "a"},
      {"a.bz2", Compression::kBzip2, "a"},
      {"a.lz4", Compression::kLz4, "a"},
      {"a.json.br", Compression::kBrotli, "a.json"},
      {"a.gz.xz", Compression::kXz, "a.gz"},
      {"a.json", Compression::kNone, "a.json"},
      {"xz", Compression::kNone, "xz"},
      {".gz", Compression::kGzip, ".gz"},
      {"...xz", Compression::kXz, "...xz"},
      {".tgz", Compression::kGzip, ".tgz"},
      {"", Compression::kNone, ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(compression_of_name(row.name), row.compression) << row.name;
    EXPECT_EQ(decoded_name(row.name), row.decoded) << row.name;
  }
}

}  // namespace
}  // namespace quern
