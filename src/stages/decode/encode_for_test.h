#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/job.h"

namespace quern::decode {

// Encodes `text` as one member, frame or stream, with every checksum that the format supports. Aborts on failure.
std::string encode(Compression compression, std::string_view text);

// Encodes a zstd frame with a window of 2^window_log bytes.
std::string encode_zstd(std::string_view text, int window_log);

// Encodes an .lzma stream: `has_length` writes the decoded length to the header instead of an end mark.
std::string encode_lzma(std::string_view text, bool has_length);

// Encodes `texts` as the pieces of one file that can be decoded in parallel: xz blocks, zstd frames, bgzip members or
// bzip2 streams.
std::string encode_parts(Compression compression, const std::vector<std::string>& texts);

}  // namespace quern::decode
