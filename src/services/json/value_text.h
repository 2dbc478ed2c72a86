#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quern::json {

// Digits behind the u of an escape such as \u00e9.
constexpr std::size_t kHexDigits = 4;

// `inside` is what stands between the quotes of a JSON string whose escapes are right. Appends what it means, in UTF-8;
// a half of a surrogate pair without the other becomes U+FFFD, as it does in what modules give.
void append_unescaped(std::string_view inside, std::string& target);

// The value as text: strings without quotes and escapes, numbers as they are written, true, false, null, and objects
// and arrays without the blanks between their tokens. `raw` is JSON.
void append_text(std::string_view raw, std::string& target);

}  // namespace quern::json
