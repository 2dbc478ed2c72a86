#pragma once

#include <cstdint>
#include <span>

namespace quern::decode {

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

}  // namespace quern::decode
