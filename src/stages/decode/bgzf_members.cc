#include "base/coding.h"
#include "stages/decode/parts.h"

// Gzip as bgzip writes it: members of at most 64 KiB, each with an extra field "BC" that holds the member's stored
// length.

namespace quern::decode {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kFixedHeaderBytes = 12;  // the header up to and with the length of the extra field
constexpr std::size_t kLengthBytes = 4;        // the last bytes of a member: its decoded length
constexpr std::size_t kMostMemberBytes = 64 * limits::kKiB;

// Returns the stored length from the field "BC". `extra` is a list of fields: two bytes of name, two of length, and the
// value.
std::optional<std::size_t> stored_length(std::string_view extra) {
  constexpr std::size_t kHeadBytes = 4;
  while (extra.size() >= kHeadBytes) {
    std::size_t length = little_endian(extra.substr(2, 2));
    if (extra.size() - kHeadBytes < length) return std::nullopt;
    if (extra.starts_with("BC") && length == 2) return 1 + little_endian(extra.substr(kHeadBytes, 2));
    extra.remove_prefix(kHeadBytes + length);
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<Piece>> find_bgzf_member(StoredWindow& window, std::size_t at, const PartLimits& limits) {
  TRY_ASSIGN(std::string_view ahead, window.peek(at + kFixedHeaderBytes));
  std::string_view head = ahead.substr(at);
  // Requires the magic, deflate, and no flag but the one for an extra field.
  if (head.size() < kFixedHeaderBytes || !head.starts_with("\x1f\x8b\x08\x04"sv)) return std::optional<Piece>();
  std::size_t extra_bytes = little_endian(head.substr(kFixedHeaderBytes - 2, 2));
  TRY_ASSIGN(ahead, window.peek(at + kFixedHeaderBytes + extra_bytes));
  auto length = stored_length(ahead.substr(at + kFixedHeaderBytes, extra_bytes));
  if (!length.has_value() || *length < kFixedHeaderBytes + extra_bytes + kLengthBytes) return std::optional<Piece>();
  if (*length > limits.most_bytes) return std::optional<Piece>();
  TRY_ASSIGN(ahead, window.peek(at + *length));
  if (ahead.size() < at + *length) return std::optional<Piece>();
  std::size_t decoded = little_endian(ahead.substr(at + *length - kLengthBytes, kLengthBytes));
  if (decoded > kMostMemberBytes) return std::optional<Piece>();
  return std::optional<Piece>({.stored_bytes = *length, .most_decoded_bytes = decoded});
}

}  // namespace quern::decode
