#pragma once

#include <cstddef>
#include <string_view>

namespace quern::decode {

// Counts the '\n' at the speed of memory.
std::size_t count_newlines(std::string_view bytes);

// The index after the last '\n' of `bytes`; 0 if there is none.
std::size_t end_of_last_line(std::string_view bytes);

}  // namespace quern::decode
