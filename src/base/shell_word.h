#pragma once

#include <string>
#include <string_view>

namespace quern {

// Returns `text` as one word for a POSIX shell: unchanged if possible, otherwise in quotes. For commands that a message
// shows to be copied.
std::string shell_word(std::string_view text);

}  // namespace quern
