#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quern {

enum class Compression { kNone, kXz, kLzma, kGzip, kZstd, kBzip2, kLz4, kBrotli };
inline constexpr std::size_t kCompressions = 8;  // how many there are, with kNone

// Returns the word for it in job files and messages: "gz", "none".
std::string_view name_of(Compression compression);

// Returns the format that the extension of a file name implies: .xz .lzma .gz .tgz .zst .zstd .bz2 .lz4 .br; otherwise
// none.
Compression compression_of_name(std::string_view name);

// Returns the file's name after decompression: "a.json" for "a.json.gz", "a.tar" for "a.tgz". Returns the name
// unchanged if it has no such extension or consists of nothing else.
std::string decoded_name(std::string_view name);

}  // namespace quern
