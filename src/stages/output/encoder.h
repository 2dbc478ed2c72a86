#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"
#include "model/compression.h"

namespace quern::output {

// Compresses a stream as the usual program of its format does by default: gzip -6, zstd -3 with a checksum, xz -6. The
// same bytes give the same compressed bytes, however they are divided among calls. Not thread-safe.
class Encoder {
 public:
  virtual ~Encoder() = default;
  // Writes what becomes of `bytes` to `target`. With `is_last` the stream ends, and nothing may follow.
  virtual Result<void> add(std::string_view bytes, bool is_last, ByteSink& target) = 0;
};

// Whether results can be written in this format: gz, zst or xz.
bool can_encode(Compression compression);
// `compression` must be such a format. Fails if there is no memory.
Result<std::unique_ptr<Encoder>> make_encoder(Compression compression);

}  // namespace quern::output
