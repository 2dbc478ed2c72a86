#pragma once

#include <optional>
#include <string>
#include <string_view>

// Base64 as RFC 4648 section 4 has it, with its padding.

namespace quern {

std::string base64_encode(std::string_view bytes);
// White space anywhere in `text` does not count: values are copied out of mails and terminals. None: a byte is not of
// the alphabet, or the padding is missing or in the wrong place, as where the end was cut off.
std::optional<std::string> base64_decode(std::string_view text);

// Digits in either case. None: a byte is no hexadecimal digit, or their number is odd.
std::optional<std::string> hex_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);

}  // namespace quern
