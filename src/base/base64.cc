#include "base/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace quern {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kDigits = "0123456789abcdef";

std::string without_blanks(std::string_view text) {
  std::string packed;
  packed.reserve(text.size());
  for (char byte : text) {
    if (kBlanks.find(byte) == std::string_view::npos) packed += byte;
  }
  return packed;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t byte = 0; byte < 3; ++byte) {
      bits = bits << 8 | (byte < group.size() ? static_cast<unsigned char>(group[byte]) : 0U);
    }
    for (std::size_t letter = 0; letter < 4; ++letter) {
      text += letter <= group.size() ? kAlphabet[bits >> (18 - 6 * letter) & 63] : '=';
    }
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  const std::string packed = without_blanks(text);
  if (packed.size() % 4 != 0) return std::nullopt;
  std::size_t letters = packed.find_last_not_of('=') + 1;
  if (packed.size() - letters > 2) return std::nullopt;
  std::string bytes;
  bytes.reserve(packed.size() / 4 * 3);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < letters; ++i) {
    std::size_t value = kAlphabet.find(packed[i]);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    // A byte is complete with the second, third and fourth letter of each group.
    if (i % 4 != 0) bytes += static_cast<char>(bits >> (6 - 2 * (i % 4)) & 255);
  }
  return bytes;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char digit = text[i] >= 'A' && text[i] <= 'F' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    std::size_t value = kDigits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    if (i % 2 == 0) {
      bytes += static_cast<char>(value << 4);
    } else {
      bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) | value);
    }
  }
  return bytes;
}

std::string hex_encode(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

}  // namespace quern
