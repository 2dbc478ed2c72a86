#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Bytes as text, and back (RFC 4648). Pure functions.

namespace quern {

// Section 4, with padding.
std::string base64_encode(std::string_view bytes);
// Section 5, without padding.
std::string url_safe_base64_encode(std::string_view bytes);
// White space anywhere in `text` is ignored: values are copied out of mails and terminals. None: a byte is not in the
// alphabet, or the padding is missing or in the wrong place, as where the end was cut off.
std::optional<std::string> base64_decode(std::string_view text);

// In lower case.
std::string hex_encode(std::string_view bytes);
// Digits in either case. None: a byte is not a hexadecimal digit, or their number is odd.
std::optional<std::string> hex_decode(std::string_view text);
// The value of a digit in either case; none: it is not one.
std::optional<unsigned> hex_digit_value(char digit);
// Digits in lower case only, exactly so many of them.
bool is_lower_hex(std::string_view text, std::size_t digits);

}  // namespace quern
