#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Bytes as text, and back: base64 and hexadecimal digits (RFC 4648), percent-encoding (RFC 3986). Pure functions.

namespace quern {

// Base64 (section 4), with padding.
std::string base64_encode(std::string_view bytes);
// Base64url (section 5), without padding.
std::string url_safe_base64_encode(std::string_view bytes);
// Ignores white space anywhere in `text`, because values are copied from mails and terminals. Returns nullopt if a byte
// is not in the alphabet, or the padding is missing or misplaced, for example because the end was cut off.
std::optional<std::string> base64_decode(std::string_view text);

// Writes lower-case digits.
std::string hex_encode(std::string_view bytes);
// Accepts digits in either case. Returns nullopt if a byte is not a hexadecimal digit or the number of digits is odd.
std::optional<std::string> hex_decode(std::string_view text);
// Returns the value of a digit in either case, or nullopt if it is not a hexadecimal digit.
constexpr std::optional<unsigned> hex_digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return std::nullopt;
}
// Whether `text` is exactly `digits` hexadecimal digits, all in lower case.
bool is_lower_hex(std::string_view text, std::size_t digits);

// Whether the character needs no encoding anywhere in a URL (RFC 3986, 2.3).
bool is_unreserved(char c);
// Encodes everything except unreserved characters as %XX (RFC 3986); characters in `kept` stay unchanged ("/" for a
// path).
std::string percent_encode(std::string_view bytes, std::string_view kept = "");
// Returns nullopt if a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace quern
