#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "model/job.h"
#include "model/limits.h"
#include "stages/decode/stored_source.h"

// Splits a stored file into parts that can be decoded in parallel. Nothing here decodes or verifies data, and nothing
// has to be right for damaged files: a split only says where a part may end, and decoding shows whether it does.

namespace quern::limits {

// Parts, which are decoded by one thread each: small frames, members and blocks are joined up to the first size. If one
// is larger than the second, stored or decoded, its file is not split but decoded by one thread.
inline constexpr std::size_t kPartBytes = 1 * kMiB;
inline constexpr std::size_t kMostPartBytes = 32 * kMiB;

}  // namespace quern::limits

namespace quern::decode {

struct PartLimits {
  std::size_t joined_bytes = limits::kPartBytes;    // pieces are joined until they decode to this size
  std::size_t most_bytes = limits::kMostPartBytes;  // of a part, both stored and decoded
};

// Stored bytes that form a complete file of their format.
struct Part {
  Buffer stored;
  std::size_t most_decoded_bytes = 0;  // if it decodes to more, it is not a part after all
  std::uint64_t end = 0;               // where it ends in the stored file
};

// Cuts one stored file. Not thread-safe.
class PartSplitter {
 public:
  enum class Found {
    kPart,
    kEnd,   // the parts made up the whole file
    kNone,  // what follows cannot be split, or is too large for a part
  };
  virtual ~PartSplitter() = default;
  // Returns the next part; parts follow each other from the start of the file. Blocks on the disk; errors are those of
  // reading.
  virtual Result<Found> next(Part& part) = 0;
};

// Returns nullptr for a format, or a file, that cannot be split. `source` is borrowed and must be at its start.
Result<std::unique_ptr<PartSplitter>> make_part_splitter(Compression compression, StoredSource& source,
                                                         const PartLimits& limits);
Result<std::unique_ptr<PartSplitter>> make_xz_splitter(StoredSource& source, const PartLimits& limits);

// A zstd frame, a gzip member or a bzip2 stream.
struct Piece {
  std::size_t stored_bytes = 0;
  std::size_t most_decoded_bytes = 0;
};
// Returns the piece that begins `at` bytes after the window's offset, where there is at least one byte. Empty if its
// length cannot be determined or exceeds limits.most_bytes.
using FindPiece = Result<std::optional<Piece>> (*)(StoredWindow& window, std::size_t at, const PartLimits& limits);
Result<std::optional<Piece>> find_zstd_frame(StoredWindow& window, std::size_t at, const PartLimits& limits);
Result<std::optional<Piece>> find_bgzf_member(StoredWindow& window, std::size_t at, const PartLimits& limits);
Result<std::optional<Piece>> find_bzip2_stream(StoredWindow& window, std::size_t at, const PartLimits& limits);

}  // namespace quern::decode
