#include <algorithm>

#include "stages/decode/parts.h"

// Bzip2 as pbzip2 writes it: streams of one block each. The format does not store the length of a stream, so a stream
// is assumed to end where the next one seems to begin. If data only looks like a beginning, the part turns out to be
// incomplete when it is decoded.

namespace quern::decode {
namespace {

constexpr std::string_view kBlockMark = "\x31\x41\x59\x26\x53\x59";
constexpr std::size_t kHeadBytes = 4;  // "BZh9"
// A stream of one block hardly ever decodes to more, unless its data is extremely repetitive.
constexpr std::size_t kMostStreamBytes = 4 * limits::kMiB;

bool is_head(std::string_view bytes) { return bytes.starts_with("BZh") && bytes[3] >= '1' && bytes[3] <= '9'; }

// Returns where a stream begins in `bytes`, at `from` or later.
std::size_t find_stream(std::string_view bytes, std::size_t from) {
  std::size_t mark = bytes.find(kBlockMark, from + kHeadBytes);
  while (mark != std::string_view::npos && !is_head(bytes.substr(mark - kHeadBytes, kHeadBytes))) {
    mark = bytes.find(kBlockMark, mark + 1);
  }
  return mark == std::string_view::npos ? mark : mark - kHeadBytes;
}

}  // namespace

Result<std::optional<Piece>> find_bzip2_stream(StoredWindow& window, std::size_t at, const PartLimits& limits) {
  const std::size_t most_stored = std::min(limits.most_bytes, kMostStreamBytes);
  std::size_t seen = at + 1;  // no stream begins before this
  while (true) {
    TRY_ASSIGN(std::string_view ahead, window.peek(seen + limits::kReadBytes));
    std::size_t end = find_stream(ahead, seen);
    bool is_whole_rest = end == std::string_view::npos && ahead.size() < seen + limits::kReadBytes;
    if (is_whole_rest) end = ahead.size();
    if (end != std::string_view::npos) {
      if (end - at > most_stored) return std::optional<Piece>();
      return std::optional<Piece>({.stored_bytes = end - at, .most_decoded_bytes = most_stored});
    }
    if (ahead.size() - at > most_stored) return std::optional<Piece>();
    seen = ahead.size() - kHeadBytes - kBlockMark.size() + 1;
  }
}

}  // namespace quern::decode
