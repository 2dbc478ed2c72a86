#include "stages/mapper/block_cutter.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace quern::mapper {
namespace {

// Returns the offset after the first line that ends at `from` or later.
std::size_t after_line(std::string_view bytes, std::size_t from) { return bytes.find('\n', from) + 1; }

}  // namespace

BlockCutter::Piece BlockCutter::next(std::size_t bytes, std::size_t least_records) {
  const std::size_t left = left_bytes();
  bytes = std::max(bytes, bytes_of(least_records));
  if (bytes >= left - left / 3) {
    is_used_up_ = true;
    if (is_whole()) return {.block = std::move(block_), .decoded_bytes = decoded_bytes_};
    bytes = left;
  }
  Piece piece{.block = {.address = block_.address, .record_lines = block_.record_lines}};
  std::size_t end = after_line(block_.bytes.view(), at_ + bytes - 1);
  const std::size_t first_line = line_;
  cut_segments(end, piece.block);
  piece.block.bytes = Buffer(end - at_);
  piece.block.bytes.append(block_.bytes.view().substr(at_, end - at_));
  if (!block_.kept.empty()) cut_origins(line_ - first_line, piece.block);
  is_used_up_ = end == block_.bytes.size();
  piece.decoded_bytes = is_used_up_ ? decoded_bytes_ : decoded_bytes_ * (end - at_) / (block_.bytes.size() - at_);
  at_ = end;
  decoded_bytes_ -= piece.decoded_bytes;
  if (is_used_up_) {
    piece.block.dropped = block_.dropped;
    // Segments without a line may follow.
    piece.block.segments.insert(piece.block.segments.end(),
                                block_.segments.begin() + static_cast<std::ptrdiff_t>(segment_), block_.segments.end());
  }
  return piece;
}

// Returns the size of the next records, or of all that are left if these are fewer.
std::size_t BlockCutter::bytes_of(std::size_t records) const {
  const std::string_view bytes = block_.bytes.view();
  std::size_t end = at_;
  for (std::size_t lines = records * block_.record_lines; lines > 0 && end < bytes.size(); --lines) {
    end = after_line(bytes, end);
  }
  return end - at_;
}

void BlockCutter::cut_segments(std::size_t& end, Block& piece) {
  std::size_t at = at_;
  for (; segment_ < block_.segments.size(); ++segment_) {
    Segment& segment = block_.segments[segment_];
    if (at + segment.size_bytes > end) break;
    at += segment.size_bytes;
    line_ += segment.lines;
    piece.segments.push_back(segment);
  }
  if (at == end) return;
  Segment& rest = block_.segments[segment_];
  const std::string_view bytes = block_.bytes.view();
  auto lines = static_cast<std::uint64_t>(std::count(bytes.data() + at, bytes.data() + end, '\n'));
  for (; lines % block_.record_lines != 0; ++lines) end = after_line(bytes, end);
  lines /= block_.record_lines;
  Segment first = rest;
  first.lines = lines;
  first.size_bytes = end - at;
  piece.segments.push_back(first);
  line_ += lines;
  rest.first_line += lines;
  rest.lines -= lines;
  rest.size_bytes -= first.size_bytes;
  // To keep a pair in one piece, all of it may have been cut off.
  if (rest.size_bytes == 0) ++segment_;
}

void BlockCutter::cut_origins(std::uint64_t lines, Block& piece) {
  const auto first = block_.kept.begin() + static_cast<std::ptrdiff_t>(line_ - lines);
  piece.kept.assign(first, first + static_cast<std::ptrdiff_t>(lines));
  if (block_.original.empty() || lines == 0) return;
  const std::string_view original = block_.original.view();
  const std::size_t begin = piece.kept.front().offset;
  const std::size_t end = after_line(original, piece.kept.back().offset);
  piece.original = Buffer(end - begin);
  piece.original.append(original.substr(begin, end - begin));
  for (KeptLine& line : piece.kept) line.offset -= begin;
}

}  // namespace quern::mapper
