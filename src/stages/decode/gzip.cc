#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "base/coding.h"
#include "stages/decode/codec.h"
#include "stages/decode/stored_parts.h"

// Decodes gzip with ISA-L, which inflates three times as fast as zlib and verifies CRC and length of every member.

namespace quern::decode {
namespace {

constexpr std::uint8_t kHasChecksum = 0x02;
constexpr std::uint8_t kHasExtra = 0x04;
constexpr std::uint8_t kHasName = 0x08;
constexpr std::uint8_t kHasComment = 0x10;
constexpr std::uint8_t kReservedFlags = 0xe0;
constexpr std::uint8_t kDeflate = 8;
constexpr std::uint32_t kFixedBytes = 10;

// Parses the header of a gzip member (RFC 1952), however its bytes arrive. ISA-L could do so too, but refuses a header
// with a CRC if it arrives in two pieces. A plain value.
class GzipHeader {
 public:
  enum class Status { kNeedsMore, kComplete, kWrongMagic, kWrongMethod, kWrongFlags, kWrongChecksum };

  void reset() { *this = GzipHeader(); }
  // Consumes the header's bytes from the front of `stored`. If the magic is wrong, the other results are meaningless.
  Status parse(std::span<const char>& stored);

 private:
  enum class Field { kFixed, kExtraLength, kExtra, kName, kComment, kChecksum, kEnd };

  Status take(std::uint8_t byte);
  Status take_fixed(std::uint8_t byte);
  Status take_checksum(std::uint8_t byte);
  void go_to(Field field);

  Field field_ = Field::kFixed;
  std::uint32_t index_ = 0;  // of the next byte within the field
  std::uint8_t flags_ = 0;
  std::uint32_t extra_bytes_ = 0;
  std::uint32_t checksum_ = 0;
  std::uint32_t stored_checksum_ = 0;
};

GzipHeader::Status GzipHeader::parse(std::span<const char>& stored) {
  while (field_ != Field::kEnd) {
    if (stored.empty()) return Status::kNeedsMore;
    auto byte = static_cast<std::uint8_t>(stored[0]);
    if (Status status = take(byte); status != Status::kNeedsMore) return status;
    stored = stored.subspan(1);
  }
  return Status::kComplete;
}

GzipHeader::Status GzipHeader::take(std::uint8_t byte) {
  if (field_ == Field::kChecksum) return take_checksum(byte);
  checksum_ = crc32_gzip_refl(checksum_, &byte, 1);
  switch (field_) {
    case Field::kFixed:
      return take_fixed(byte);
    case Field::kExtraLength:
      extra_bytes_ |= std::uint32_t{byte} << (8 * index_);
      if (++index_ == 2) go_to(extra_bytes_ > 0 ? Field::kExtra : Field::kName);
      break;
    case Field::kExtra:
      if (++index_ == extra_bytes_) go_to(Field::kName);
      break;
    case Field::kName:
      if (byte == 0) go_to(Field::kComment);
      break;
    case Field::kComment:
      if (byte == 0) go_to(Field::kChecksum);
      break;
    case Field::kChecksum:
    case Field::kEnd:
      break;
  }
  return Status::kNeedsMore;
}

// Magic, method and flags; then time, hints and system, which are not relevant to the data.
GzipHeader::Status GzipHeader::take_fixed(std::uint8_t byte) {
  if (index_ == 0 && byte != 0x1f) return Status::kWrongMagic;
  if (index_ == 1 && byte != 0x8b) return Status::kWrongMagic;
  if (index_ == 2 && byte != kDeflate) return Status::kWrongMethod;
  if (index_ == 3) {
    if ((byte & kReservedFlags) != 0) return Status::kWrongFlags;
    flags_ = byte;
  }
  if (++index_ == kFixedBytes) go_to(Field::kExtraLength);
  return Status::kNeedsMore;
}

GzipHeader::Status GzipHeader::take_checksum(std::uint8_t byte) {
  stored_checksum_ |= std::uint32_t{byte} << (8 * index_);
  if (++index_ < 2) return Status::kNeedsMore;
  if (stored_checksum_ != (checksum_ & 0xffff)) return Status::kWrongChecksum;
  go_to(Field::kEnd);
  return Status::kNeedsMore;
}

// Moves to `field`, or to the first later one that the flags announce.
void GzipHeader::go_to(Field field) {
  index_ = 0;
  if (field == Field::kExtraLength && (flags_ & kHasExtra) == 0) field = Field::kName;
  if (field == Field::kName && (flags_ & kHasName) == 0) field = Field::kComment;
  if (field == Field::kComment && (flags_ & kHasComment) == 0) field = Field::kChecksum;
  if (field == Field::kChecksum && (flags_ & kHasChecksum) == 0) field = Field::kEnd;
  field_ = field;
}

using namespace std::string_view_literals;

Error inflate_error(int status) {
  if (status == ISAL_INCORRECT_CHECKSUM) return bad_data("the checksum or the length does not match the data");
  if (status == ISAL_NEED_DICT) return bad_data("the data needs a dictionary");
  return bad_data("the compressed data is damaged");
}

class GzipCodec final : public Codec {
 public:
  GzipCodec() { isal_inflate_init(&state_); }

  Result<void> reset() override {
    place_ = Place::kBetweenMembers;
    members_ = 0;
    return {};
  }

  Result<void> decode(Work& work) override {
    if (work.stored.empty() && place_ != Place::kInMember) return {};
    if (place_ == Place::kBetweenMembers) {
      bool is_padding = work.stored[0] == 0 && members_ > 0;
      place_ = is_padding ? Place::kInPadding : Place::kInHeader;
      header_.reset();
    }
    if (place_ == Place::kInPadding) return skip_padding(work);
    if (place_ == Place::kInHeader) return read_header(work);
    return inflate(work);
  }

  bool is_complete() const override { return place_ == Place::kBetweenMembers || place_ == Place::kInPadding; }
  bool may_continue() const override { return place_ == Place::kBetweenMembers; }
  std::string_view piece() const override { return "member"; }

 private:
  enum class Place { kBetweenMembers, kInHeader, kInMember, kInPadding };

  Result<void> read_header(Work& work) {
    switch (header_.parse(work.stored)) {
      case GzipHeader::Status::kNeedsMore:
        return {};
      case GzipHeader::Status::kComplete:
        isal_inflate_reset(&state_);
        state_.crc_flag = ISAL_GZIP_NO_HDR_VER;
        place_ = Place::kInMember;
        return {};
      case GzipHeader::Status::kWrongMagic:
        return members_ > 0 ? garbage_after("member") : bad_data("this is not gzip data");
      case GzipHeader::Status::kWrongMethod:
        return bad_data("the header names a compression method other than deflate");
      case GzipHeader::Status::kWrongFlags:
        return bad_data("the header has flags that gzip does not know");
      case GzipHeader::Status::kWrongChecksum:
        break;
    }
    return bad_data("the checksum of the header does not match");
  }

  Result<void> inflate(Work& work) {
    constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max() / 2;
    std::size_t given = std::min(work.stored.size(), kMost);
    std::size_t room = std::min(work.target.size(), kMost);
    // ISA-L does not write to its input; its interface predates const.
    state_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(work.stored.data()));
    state_.avail_in = static_cast<std::uint32_t>(given);
    state_.next_out = reinterpret_cast<std::uint8_t*>(work.target.data());
    state_.avail_out = static_cast<std::uint32_t>(room);
    int status = isal_inflate(&state_);
    // In damaged data, ISA-L may report more bytes as used than there were.
    if (state_.avail_in > given) return inflate_error(ISAL_INVALID_BLOCK);
    work.stored = work.stored.last(state_.avail_in + (work.stored.size() - given));
    work.target = work.target.last(state_.avail_out + (work.target.size() - room));
    if (status != ISAL_DECOMP_OK && status != ISAL_END_INPUT && status != ISAL_OUT_OVERFLOW)
      return inflate_error(status);
    if (state_.block_state == ISAL_BLOCK_FINISH) {
      place_ = Place::kBetweenMembers;
      ++members_;
    }
    return {};
  }

  // Tapes and some archivers pad with zeros, which gzip accepts after the last member.
  Result<void> skip_padding(Work& work) {
    auto other = std::find_if(work.stored.begin(), work.stored.end(), [](char byte) { return byte != 0; });
    work.stored = work.stored.subspan(other - work.stored.begin());
    if (!work.stored.empty()) return garbage_after("member");
    return {};
  }

  inflate_state state_;
  GzipHeader header_;
  Place place_ = Place::kBetweenMembers;
  std::uint64_t members_ = 0;
};

}  // namespace

Result<std::unique_ptr<Codec>> make_gzip_codec() { return std::unique_ptr<Codec>(std::make_unique<GzipCodec>()); }

// Gzip as bgzip writes it: members of at most 64 KiB, each with an extra field "BC" that holds the member's stored
// length.

namespace {

constexpr std::size_t kFixedHeaderBytes = 12;  // the header up to and with the length of the extra field
constexpr std::size_t kLengthBytes = 4;        // the last bytes of a member: its decoded length
constexpr std::size_t kMostMemberBytes = 64 * limits::kKiB;

// Returns the stored length from the field "BC". `extra` is a list of fields: two bytes of name, two of length, and the
// value.
std::optional<std::size_t> stored_length(std::string_view extra) {
  constexpr std::size_t kFieldHeadBytes = 4;
  while (extra.size() >= kFieldHeadBytes) {
    std::size_t length = little_endian(extra.substr(2, 2));
    if (extra.size() - kFieldHeadBytes < length) return std::nullopt;
    if (extra.starts_with("BC") && length == 2) return 1 + little_endian(extra.substr(kFieldHeadBytes, 2));
    extra.remove_prefix(kFieldHeadBytes + length);
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
