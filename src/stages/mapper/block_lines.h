#pragma once

#include <cstdint>
#include <string_view>

#include "model/block.h"

namespace quern::mapper {

// Where a record stands in a block, as the child protocol says it.
struct LinePlace {
  std::size_t segment = 0;  // index of the segment
  std::uint64_t line = 0;   // index of the line within the segment, from 0
};

// A line is a record here: of a block of pairs, the two lines of one pair.

// Whether the block has such a line: what a child says is checked with this first.
bool has_line(const Block& block, LinePlace place);
// The line as it was decoded, also where the block holds a reduced record; without its '\n'. It must be there.
std::string_view line_at(const Block& block, LinePlace place);
// Its number in the input, from 1.
std::uint64_t line_number(const Block& block, LinePlace place);
// Takes the line out of the block's bytes. The lines behind it keep their numbers: its segment becomes two.
void remove_line(Block& block, LinePlace place);
// Takes out all lines before this one; it becomes the first line of the first segment and keeps its number.
void remove_lines_before(Block& block, LinePlace place);
std::uint64_t count_lines_before(const Block& block, LinePlace place);
// How many of these are of nothing but blanks.
std::uint64_t count_blank_before(const Block& block, LinePlace place);
// Lines of all segments together.
std::uint64_t count_lines(const Block& block);
// The number in its input of the first line that is left of the block's first input, and of the last line of its last
// one; where nothing is left of it, of the line that was there.
std::uint64_t first_line_number(const Block& block);
std::uint64_t last_line_number(const Block& block);

}  // namespace quern::mapper
