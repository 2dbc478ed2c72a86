#include "stages/mapper/block_lines.h"

#include <cstring>

namespace quern::mapper {
namespace {

std::size_t segment_offset(const Block& block, std::size_t segment) {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < segment; ++i) offset += block.segments[i].size_bytes;
  return offset;
}

// Returns the index of the line among the lines of all segments.
std::size_t index_in_block(const Block& block, LinePlace place) {
  std::size_t index = place.line;
  for (std::size_t i = 0; i < place.segment; ++i) index += block.segments[i].lines;
  return index;
}

// Returns the offset after this many lines.
std::size_t after_lines(std::string_view bytes, std::size_t start, std::uint64_t lines) {
  for (; lines > 0; --lines) start = bytes.find('\n', start) + 1;
  return start;
}

std::string_view line_from(std::string_view bytes, std::size_t start, std::size_t record_lines) {
  return bytes.substr(start, after_lines(bytes, start, record_lines) - 1 - start);
}

// Returns the line as it is in the block's bytes.
std::string_view sent_line_at(const Block& block, LinePlace place) {
  CHECK(has_line(block, place));
  std::string_view bytes = block.bytes.view();
  std::size_t start = after_lines(bytes, segment_offset(block, place.segment), place.line * block.record_lines);
  return line_from(bytes, start, block.record_lines);
}

std::size_t offset_of(const Block& block, LinePlace place) {
  return static_cast<std::size_t>(sent_line_at(block, place).data() - block.bytes.data());
}

}  // namespace

bool has_line(const Block& block, LinePlace place) {
  return place.segment < block.segments.size() && place.line < block.segments[place.segment].lines;
}

std::string_view line_at(const Block& block, LinePlace place) {
  if (block.original.empty()) return sent_line_at(block, place);
  CHECK(has_line(block, place));
  return line_from(block.original.view(), block.kept[index_in_block(block, place)].offset, block.record_lines);
}

std::uint64_t line_number(const Block& block, LinePlace place) {
  if (block.kept.empty()) return block.segments[place.segment].first_line + place.line;
  return block.kept[index_in_block(block, place)].number;
}

void remove_line(Block& block, LinePlace place) {
  std::string_view line = sent_line_at(block, place);
  if (!block.kept.empty()) {
    block.kept.erase(block.kept.begin() + static_cast<std::ptrdiff_t>(index_in_block(block, place)));
  }
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
  if (!block.kept.empty()) {
    block.kept.erase(block.kept.begin(),
                     block.kept.begin() + static_cast<std::ptrdiff_t>(index_in_block(block, place)));
  }
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

std::uint64_t first_line_number(const Block& block) {
  const Segment& first = block.segments.front();
  return first.lines == 0 ? first.first_line : line_number(block, {.segment = 0, .line = 0});
}

std::uint64_t last_line_number(const Block& block) {
  const Segment& last = block.segments.back();
  if (last.lines == 0) return last.first_line;
  return line_number(block, {.segment = block.segments.size() - 1, .line = last.lines - 1});
}

}  // namespace quern::mapper
