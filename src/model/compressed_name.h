#pragma once

#include <string>
#include <string_view>

#include "model/job.h"

namespace quern {

// Returns the format that the extension of a file name implies: .xz .lzma .gz .tgz .zst .zstd .bz2 .lz4; otherwise
// none.
Compression compression_of_name(std::string_view name);

// Returns the file's name after decompression: "a.json" for "a.json.gz", "a.tar" for "a.tgz". Returns the name
// unchanged if it has no such extension or consists of nothing else.
std::string decoded_name(std::string_view name);

}  // namespace quern
