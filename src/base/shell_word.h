#pragma once

#include <string>
#include <string_view>

namespace quern {

// What a POSIX shell takes for this one word: as it is, or in quotes. For commands that a message shows to be copied.
std::string shell_word(std::string_view text);

}  // namespace quern
