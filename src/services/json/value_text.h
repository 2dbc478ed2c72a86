#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quern::json {

// The number of digits after the u of an escape such as \u00e9.
constexpr std::size_t kHexDigits = 4;

// Appends the meaning of a JSON string in UTF-8. `inside` is the text between the quotes; its escapes must be valid. An
// unpaired surrogate becomes U+FFFD, as it does in the output of modules.
void append_unescaped(std::string_view inside, std::string& target);

// Appends the value as text: strings without quotes and escapes; numbers as written; true, false and null; objects and
// arrays without white space between tokens. `raw` is JSON.
void append_text(std::string_view raw, std::string& target);

}  // namespace quern::json
