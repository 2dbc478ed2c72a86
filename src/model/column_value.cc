#include "model/column_value.h"

#include <bit>

#include "base/result.h"

namespace quern {
namespace {

constexpr int kNumbers = 3;
constexpr int kBits = 7;
constexpr unsigned char kMark = 0x80;  // no byte of a position is ASCII

// The number of digits of 7 bits, and the digits, the highest first: a number with fewer digits sorts first.
void append_counted(std::uint64_t number, std::string& target) {
  const auto digits = (static_cast<int>(std::bit_width(number)) + kBits - 1) / kBits;
  target.push_back(static_cast<char>(kMark | digits));
  for (int i = digits; i-- > 0;) target.push_back(static_cast<char>(kMark | (number >> (i * kBits) & 0x7f)));
}

}  // namespace

void append_position(std::uint64_t input, std::uint64_t block, std::uint64_t place, std::string& target) {
  append_counted(input, target);
  append_counted(block, target);
  append_counted(place, target);
}

std::string_view take_position(std::string_view& value) {
  std::size_t size = 0;
  for (int i = 0; i < kNumbers; ++i) {
    CHECK(size < value.size());
    size += 1 + static_cast<std::size_t>(static_cast<unsigned char>(value[size]) & ~kMark);
  }
  CHECK(size <= value.size());
  const std::string_view position = value.substr(0, size);
  value.remove_prefix(size);
  return position;
}

}  // namespace quern
