#include "base/encoding.h"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

#include "base/result.h"

namespace quern {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::string_view kUpperDigits = "0123456789ABCDEF";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

int int_of(std::size_t size) {
  CHECK(size <= std::size_t{std::numeric_limits<int>::max()});
  return static_cast<int>(size);
}

std::string without_spaces(std::string_view text) {
  std::string packed(text);
  std::erase_if(packed, [](char c) { return kSpaces.find(c) != std::string_view::npos; });
  return packed;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  // OpenSSL also writes a terminating zero.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), int_of(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string url_safe_base64_encode(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  text.resize(text.find_last_not_of('=') + 1);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  // OpenSSL accepts padding anywhere, so its input is checked here.
  const std::string packed = without_spaces(text);
  const std::size_t letters = packed.find_last_not_of('=') + 1;
  const std::size_t padding = packed.size() - letters;
  if (packed.size() % 4 != 0 || padding > 2) return std::nullopt;
  if (packed.find_first_not_of(kLetters) < letters) return std::nullopt;
  std::string bytes(packed.size() / 4 * 3, '\0');
  const int size =
      ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(packed), int_of(packed.size()));
  CHECK(size == static_cast<int>(bytes.size()));
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string hex_encode(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit_value(text[i]);
    const auto low = hex_digit_value(text[i + 1]);
    if (!high.has_value() || !low.has_value()) return std::nullopt;
    bytes += static_cast<char>(*high << 4 | *low);
  }
  return bytes;
}

bool is_lower_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of(kDigits) == std::string_view::npos;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string percent_encode(std::string_view bytes, std::string_view kept) {
  std::string encoded;
  encoded.reserve(bytes.size() + bytes.size() / 4);
  for (char c : bytes) {
    if (is_unreserved(c) || kept.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      const auto value = static_cast<unsigned char>(c);
      encoded.append({'%', kUpperDigits[value >> 4], kUpperDigits[value & 15]});
    }
  }
  return encoded;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    const std::optional<std::string> byte = hex_decode(text.substr(i + 1, 2));
    if (!byte.has_value() || byte->empty()) return std::nullopt;
    bytes += *byte;
    i += 2;
  }
  return bytes;
}

}  // namespace quern
