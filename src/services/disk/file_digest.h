#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace quern::disk {

struct FileDigest {
  std::uint64_t bytes = 0;
  std::string sha256;  // lower-case hexadecimal digits
};

// Reads the whole file. An error names the file. Blocks on the disk.
Result<FileDigest> digest_of_file(const std::string& path);

}  // namespace quern::disk
