#pragma once

#include <cstdint>
#include <span>

namespace quern::decode {

// Walks over the header of a gzip member (RFC 1952), however its bytes arrive. ISA-L could do it too, but takes a
// header with a CRC for a wrong one when it comes in two pieces. A plain value.
class GzipHeader {
 public:
  enum class Status { kNeedsMore, kComplete, kWrongMagic, kWrongMethod, kWrongFlags, kWrongChecksum };

  void reset() { *this = GzipHeader(); }
  // Takes the header's bytes from the front of `stored`. With a wrong magic, nothing that it says is of use.
  Status parse(std::span<const char>& stored);

 private:
  enum class Field { kFixed, kExtraLength, kExtra, kName, kComment, kChecksum, kEnd };

  Status take(std::uint8_t byte);
  Status take_fixed(std::uint8_t byte);
  Status take_checksum(std::uint8_t byte);
  void go_to(Field field);

  Field field_ = Field::kFixed;
  std::uint32_t index_ = 0;  // of the next byte in the field
  std::uint8_t flags_ = 0;
  std::uint32_t extra_bytes_ = 0;
  std::uint32_t checksum_ = 0;
  std::uint32_t stored_checksum_ = 0;
};

}  // namespace quern::decode
