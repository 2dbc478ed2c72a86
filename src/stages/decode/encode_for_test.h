#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/job.h"

namespace quern::decode {

// `text` in one member, frame or stream of the format, with every checksum that the format knows. Aborts on failure.
std::string encode(Compression compression, std::string_view text);

// A zstd frame with a window of 2^window_log bytes.
std::string encode_zstd(std::string_view text, int window_log);

// An .lzma stream: `has_length` writes the decoded length to the header instead of an end mark.
std::string encode_lzma(std::string_view text, bool has_length);

// `texts` as the pieces of one file that can be decoded side by side: xz blocks, zstd frames, bgzip's members, bzip2
// streams.
std::string encode_parts(Compression compression, const std::vector<std::string>& texts);

}  // namespace quern::decode
