#pragma once

#include <cstdint>
#include <string_view>

#include "model/block.h"

namespace quern::mapper {

// The position of a record in a block, in the terms of the child protocol.
struct LinePlace {
  std::size_t segment = 0;  // index of the segment
  std::uint64_t line = 0;   // index of the line within the segment, from 0
};

// Here, a line is a record: in a block of pairs, the two lines of one pair.

// Whether the block has this line. What a child sends must be checked with this first.
bool has_line(const Block& block, LinePlace place);
// Returns the line as it was decoded, even if the block holds a reduced record; without its '\n'. It must exist.
std::string_view line_at(const Block& block, LinePlace place);
// Returns its number in the input, from 1.
std::uint64_t line_number(const Block& block, LinePlace place);
// Removes the line from the block's bytes. Later lines keep their numbers, because the segment is split in two.
void remove_line(Block& block, LinePlace place);
// Removes all lines before this one, which becomes the first line of the first segment and keeps its number.
void remove_lines_before(Block& block, LinePlace place);
std::uint64_t count_lines_before(const Block& block, LinePlace place);
// How many of these lines consist of white space only.
std::uint64_t count_blank_before(const Block& block, LinePlace place);
// How many lines all segments have together.
std::uint64_t count_lines(const Block& block);
// The number of the first line that is left of the block's first input, and of the last line that is left of its last
// input; if none is left, of the line that was there.
std::uint64_t first_line_number(const Block& block);
std::uint64_t last_line_number(const Block& block);

}  // namespace quern::mapper
