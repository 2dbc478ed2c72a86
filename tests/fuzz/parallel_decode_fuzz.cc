#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "stages/decode/decoder.h"
#include "stages/decode/memory_source_for_test.h"
#include "stages/decode/parallel_decoder.h"

// The first byte picks the format, the second how many bytes come with a read, the third how large parts are, the rest
// is the stored file. Whatever it is, the parallel decoder does with it what the sequential one does.

namespace {

using namespace quern;

constexpr std::size_t kMemoryBytes = std::size_t{8} << 20;
constexpr std::size_t kMostDecodedBytes = std::size_t{4} << 20;
constexpr std::array kFormats = {Compression::kGzip, Compression::kXz, Compression::kZstd, Compression::kBzip2};

struct Outcome {
  std::string decoded;
  bool is_whole = false;
  bool has_failed = false;
};

Outcome read_all(ByteSource& source) {
  static std::array<char, 65536> target;
  Outcome outcome;
  while (outcome.decoded.size() < kMostDecodedBytes) {
    auto count = source.read(target);
    outcome.has_failed = !count.ok();
    outcome.is_whole = count.ok() && count.value() == 0;
    if (outcome.has_failed || outcome.is_whole) break;
    outcome.decoded.append(target.data(), count.value());
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 3) return 0;
  const std::string stored(reinterpret_cast<const char*>(data) + 3, size - 3);
  const Compression compression = kFormats.at(data[0] % kFormats.size());
  const std::size_t chunk = data[1] == 0 ? stored.size() + 1 : data[1];
  auto open = [&]() -> Result<std::unique_ptr<decode::StoredSource>> {
    return std::unique_ptr<decode::StoredSource>(std::make_unique<decode::MemorySource>(stored, [=] { return chunk; }));
  };
  // Made once: threads that come and go are slow.
  static decode::ParallelDecoder small({.threads = 2,
                                        .parts = {.joined_bytes = 1, .most_bytes = 200'000},
                                        .ahead_bytes = 1'000'000,
                                        .window_bytes = kMemoryBytes,
                                        .file_window_bytes = kMemoryBytes});
  static decode::ParallelDecoder large({.threads = 3,
                                        .parts = {.joined_bytes = 3000, .most_bytes = 1'000'000},
                                        .ahead_bytes = 2'000'000,
                                        .window_bytes = kMemoryBytes,
                                        .file_window_bytes = kMemoryBytes});
  decode::ParallelDecoder& parallel = data[2] % 2 == 0 ? small : large;
  if (!parallel.start(compression, open)) return 0;
  auto decoder = decode::Decoder::make(compression, kMemoryBytes).value();
  CHECK(decoder->start(open().value(), "").ok());
  const Outcome alone = read_all(*decoder);
  const Outcome together = read_all(parallel);
  parallel.close();
  // Those that were not read to the end say nothing about it.
  if (alone.is_whole || together.is_whole)
    CHECK(alone.decoded == together.decoded && alone.is_whole == together.is_whole);
  const std::size_t common = std::min(alone.decoded.size(), together.decoded.size());
  CHECK(alone.decoded.compare(0, common, together.decoded, 0, common) == 0);
  return 0;
}
