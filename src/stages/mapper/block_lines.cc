#include "stages/mapper/block_lines.h"

#include <cstring>

namespace quern::mapper {
namespace {

std::size_t segment_offset(const Block& block, std::size_t segment) {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < segment; ++i) offset += block.segments[i].size_bytes;
  return offset;
}

// The index of the line among those of all segments.
std::size_t index_in_block(const Block& block, LinePlace place) {
  std::size_t index = place.line;
  for (std::size_t i = 0; i < place.segment; ++i) index += block.segments[i].lines;
  return index;
}

std::size_t offset_of(const Block& block, LinePlace place) {
  return static_cast<std::size_t>(line_at(block, place).data() - block.bytes.data());
}

}  // namespace

bool has_line(const Block& block, LinePlace place) {
  return place.segment < block.segments.size() && place.line < block.segments[place.segment].lines;
}

std::string_view line_at(const Block& block, LinePlace place) {
  CHECK(has_line(block, place));
  std::size_t start = segment_offset(block, place.segment);
  std::string_view bytes = block.bytes.view();
  for (std::uint64_t i = 0; i < place.line; ++i) start = bytes.find('\n', start) + 1;
  return bytes.substr(start, bytes.find('\n', start) - start);
}

std::uint64_t line_number(const Block& block, LinePlace place) {
  return block.segments[place.segment].first_line + place.line;
}

void remove_line(Block& block, LinePlace place) {
  std::string_view line = line_at(block, place);
  auto start = static_cast<std::size_t>(line.data() - block.bytes.data());
  std::size_t size = line.size() + 1;
  std::size_t offset_in_segment = start - segment_offset(block, place.segment);
  std::memmove(block.bytes.data() + start, block.bytes.data() + start + size, block.bytes.size() - start - size);
  block.bytes.resize(block.bytes.size() - size);

  Segment& before = block.segments[place.segment];
  Segment after = before;
  after.first_line = before.first_line + place.line + 1;
  after.lines = before.lines - place.line - 1;
  after.size_bytes = before.size_bytes - offset_in_segment - size;
  before.lines = place.line;
  before.size_bytes = offset_in_segment;
  block.segments.insert(block.segments.begin() + static_cast<std::ptrdiff_t>(place.segment) + 1, after);
}

std::uint64_t count_lines_before(const Block& block, LinePlace place) { return index_in_block(block, place); }

void remove_lines_before(Block& block, LinePlace place) {
  CHECK(has_line(block, place));
  std::size_t start = offset_of(block, place);
  std::size_t before_segment = segment_offset(block, place.segment);
  std::memmove(block.bytes.data(), block.bytes.data() + start, block.bytes.size() - start);
  block.bytes.resize(block.bytes.size() - start);
  Segment& first = block.segments[place.segment];
  first.first_line += place.line;
  first.lines -= place.line;
  first.size_bytes -= start - before_segment;
  block.segments.erase(block.segments.begin(), block.segments.begin() + static_cast<std::ptrdiff_t>(place.segment));
}

std::uint64_t count_blank_before(const Block& block, LinePlace place) {
  std::string_view bytes = block.bytes.view().substr(0, offset_of(block, place));
  std::uint64_t blank = 0;
  while (!bytes.empty()) {
    std::size_t end = bytes.find('\n');
    if (bytes.substr(0, end).find_first_not_of(" \t\r\v\f") == std::string_view::npos) ++blank;
    bytes.remove_prefix(end + 1);
  }
  return blank;
}

std::uint64_t count_lines(const Block& block) {
  std::uint64_t lines = 0;
  for (const Segment& segment : block.segments) lines += segment.lines;
  return lines;
}

}  // namespace quern::mapper
