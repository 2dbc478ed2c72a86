#pragma once

#include <string>
#include <string_view>

#include "model/job.h"

namespace quern {

// What the ending of a file's name says: .xz .lzma .gz .tgz .zst .zstd .bz2 .lz4, else none.
Compression compression_of_name(std::string_view name);

// The file's name once it is decompressed: "a.json" of "a.json.gz", "a.tar" of "a.tgz". A name without such an ending,
// or of nothing before it, stays.
std::string decoded_name(std::string_view name);

}  // namespace quern
