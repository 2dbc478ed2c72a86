#include "stages/decode/gzip_header.h"

#include <isa-l/crc.h>

namespace quern::decode {
namespace {

constexpr std::uint8_t kHasChecksum = 0x02;
constexpr std::uint8_t kHasExtra = 0x04;
constexpr std::uint8_t kHasName = 0x08;
constexpr std::uint8_t kHasComment = 0x10;
constexpr std::uint8_t kReservedFlags = 0xe0;
constexpr std::uint8_t kDeflate = 8;
constexpr std::uint32_t kFixedBytes = 10;

}  // namespace

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

}  // namespace quern::decode
