#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"
#include "services/http/http.h"

// Lists of inputs that are read: a manifest, and the answer of an index server.

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

// One entry of an index server's answer.
struct IndexEntry {
  std::string name;  // a key, or a URL
  std::optional<std::uint64_t> size_bytes;
};

// Posts {"filter": filter_json} to `url`, and calls `take` for each entry of the answer, which is a list of
// {"file_name": ..., "size": ...}. Fails with kBadInput if the answer is anything else. Blocks; holds the whole answer
// in memory.
Result<void> ask_index(http::Client& client, const std::string& url, std::string_view filter_json,
                       const std::function<Result<void>(const IndexEntry&)>& take, const std::stop_token& stop);

// Parses only the answer. For tests.
Result<void> parse_index(std::string_view json, const std::function<Result<void>(const IndexEntry&)>& take);

}  // namespace quern::inputs
