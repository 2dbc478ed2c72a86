#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "stages/decode/decode.h"
#include "stages/decode/decoder.h"
#include "stages/decode/memory_source_for_test.h"

// The first byte picks the format, the second how many bytes come with a read, the rest is the stored file.

namespace {

using quern::Compression;

constexpr std::size_t kMemoryBytes = std::size_t{8} << 20;
// A few bytes may decode to gigabytes; what follows the first megabytes finds nothing new.
constexpr std::size_t kMostDecodedBytes = std::size_t{4} << 20;
constexpr std::array kFormats = {Compression::kGzip,  Compression::kXz,  Compression::kLzma,  Compression::kZstd,
                                 Compression::kBzip2, Compression::kLz4, Compression::kBrotli};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 2) return 0;
  std::string stored(reinterpret_cast<const char*>(data) + 2, size - 2);
  static_cast<void>(quern::decode::detect(stored, "a.json"));
  std::size_t chunk = data[1] == 0 ? stored.size() + 1 : data[1];
  auto decoder = quern::decode::Decoder::make(kFormats.at(data[0] % kFormats.size()), kMemoryBytes).value();
  auto source = std::make_unique<quern::decode::MemorySource>(std::move(stored), [=] { return chunk; });
  CHECK(decoder->start(std::move(source), "").ok());
  static std::array<char, 65536> target;
  std::size_t decoded = 0;
  while (decoded < kMostDecodedBytes) {
    auto count = decoder->read(target);
    if (!count.ok() || count.value() == 0) break;
    CHECK(count.value() <= target.size());
    decoded += count.value();
  }
  return 0;
}
