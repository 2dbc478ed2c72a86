#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "app/look/format.h"

namespace quern::app {

// Some of an input's decoded bytes, without a byte order mark.
struct Piece {
  std::string bytes;
  bool is_start = true;  // these are the first bytes; otherwise they may begin within a record
  bool is_end = true;    // these are the last bytes; otherwise they may end within a record
};

struct FoundRecord {
  std::string_view text;  // JSON, as a run reads it; or a line of text
  bool has_key = false;   // it followed a key in its line
};

// How much of a piece was read.
struct ReadRecords {
  std::uint64_t records = 0;
  std::uint64_t skipped = 0;  // further ones in the same bytes
  std::uint64_t bad = 0;      // lines, rows and elements that are not records
  std::string bad_reason;     // of the first of these
  std::uint64_t bytes = 0;    // of all these and what is between them
  bool is_all = false;        // no record of the piece is left
};

// Calls `take` for the first complete records of a piece, up to `most`: those that a run would map, read as a run reads
// them. Of a piece that is not the start of a JSON document or of a table with line ends in its fields, no record may
// be found, or a wrong one.
ReadRecords for_each_record(const Format& format, const Piece& piece, std::uint64_t most,
                            const std::function<void(const FoundRecord&)>& take);

}  // namespace quern::app
