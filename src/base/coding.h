#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/result.h"

// Reads and writes numbers in quern's own formats and in others, in the byte order of the machine, which is
// little-endian on every platform quern supports. Inline, because each pair of a job passes through here.

namespace quern {

static_assert(std::endian::native == std::endian::little);

template <typename T>
concept Codable = std::integral<T> || std::floating_point<T>;

// `source` holds at least sizeof(Number) bytes.
template <Codable Number>
Number load_number(const char* source) {
  Number number{};
  std::memcpy(&number, source, sizeof number);
  return number;
}

// Returns the number at `offset`; aborts if `bytes` is too short.
template <Codable Number>
Number number_at(std::string_view bytes, std::size_t offset = 0) {
  CHECK(offset <= bytes.size() && bytes.size() - offset >= sizeof(Number));
  return load_number<Number>(bytes.data() + offset);
}

// Removes the number at the beginning of `rest` and returns it; aborts if `rest` is too short.
template <Codable Number>
Number take_number(std::string_view& rest) {
  const auto number = number_at<Number>(rest);
  rest.remove_prefix(sizeof number);
  return number;
}

// `target` is a std::string or a Buffer.
template <typename Target, Codable Number>
void append_number(Target& target, Number number) {
  target.append(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
}

inline constexpr std::size_t kMostVarintBytes = 10;

// Encodes a number (LEB128): seven bits per byte, the lowest first; all bytes but the last have their highest bit set.
// `target` has kMostVarintBytes bytes. Returns the length.
inline std::size_t put_varint(char* target, std::uint64_t number) {
  std::size_t length = 0;
  for (; number >= 0x80; number >>= 7) target[length++] = static_cast<char>(number | 0x80);
  target[length++] = static_cast<char>(number);
  return length;
}

inline void append_varint(std::string& target, std::uint64_t number) {
  char bytes[kMostVarintBytes];
  target.append(bytes, put_varint(bytes, number));
}

// Removes the number at the beginning of `rest` and returns it; aborts if `rest` is too short.
inline std::uint64_t take_varint(std::string_view& rest) {
  std::uint64_t number = 0;
  for (std::size_t shift = 0; shift < 7 * kMostVarintBytes; shift += 7) {
    const auto byte = take_number<unsigned char>(rest);
    number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return number;
}

// Reads an unsigned number of up to eight bytes.
constexpr std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace quern
