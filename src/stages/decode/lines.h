#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quern::decode {

// What some editors write at the start of a file; it is not part of a record.
inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Why a record of more than `most_bytes` is bad.
std::string too_long(std::size_t most_bytes);

// Counts the '\n' at the speed of memory.
std::size_t count_newlines(std::string_view bytes);

// The index after the last '\n' of `bytes`; 0 if there is none.
std::size_t end_of_last_line(std::string_view bytes);

}  // namespace quern::decode
