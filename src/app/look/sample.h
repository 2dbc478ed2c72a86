#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/look/format.h"
#include "app/look/records.h"
#include "base/result.h"
#include "model/compression.h"
#include "model/input.h"
#include "stages/decode/stored_source.h"

namespace quern::app {

// What was read of one input.
struct InputSample {
  std::size_t input = 0;  // its position in the list
  Compression compression = Compression::kNone;
  std::uint64_t stored_bytes = 0;   // as many were decoded
  std::uint64_t decoded_bytes = 0;  // to as many
  bool is_whole = false;            // that is all of the input
  Format format;
  std::vector<Piece> pieces;  // the beginning and, if a file is large and not compressed, one of its middle and its end
  std::string problem;        // why the input cannot be read; "" if it can
};

// Opens the input at a position of the list.
using OpenInput = std::function<Result<std::unique_ptr<decode::StoredSource>>(std::size_t, const InputView&)>;

// Reads pieces of up to `piece_bytes` of an input. A failure is in `problem`, and so is a format that quern does not
// read. Blocks on the disk.
InputSample read_sample(std::size_t position, const InputView& input, const OpenInput& open, std::size_t piece_bytes);

// Returns up to `most` of the numbers below `count`, evenly spaced: the first, the last, and others between them.
std::vector<std::size_t> spread(std::size_t count, std::size_t most);

}  // namespace quern::app
