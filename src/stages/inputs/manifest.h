#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"

namespace quern::inputs {

// One line of a manifest, or of names on standard input: a name, optionally followed by a TAB and the size in bytes.
struct ManifestLine {
  std::uint64_t number = 0;  // from 1
  std::string_view name;     // not empty; valid until the callback returns
  std::optional<std::uint64_t> size_bytes;
};

// Calls `take` for each line that is not blank. "\r\n" also ends a line, and a byte order mark at the start is skipped.
// `origin` names the list in errors ("files.txt:3: ..."). Blocks on `source`; holds one line in memory.
Result<void> read_manifest(ByteSource& source, std::string_view origin,
                           const std::function<Result<void>(const ManifestLine&)>& take);

}  // namespace quern::inputs
