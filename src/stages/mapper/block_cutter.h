#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "model/block.h"

namespace quern::mapper {

// Cuts a block into pieces, in the order of its records. Each piece is a block with the same address, and all pieces
// together have every record, segment and rejected record once. Copies what it cuts off, except for a block that stays
// whole.
class BlockCutter {
 public:
  explicit BlockCutter(Block block) : block_(std::move(block)), decoded_bytes_(block_.decoded_bytes()) {}

  struct Piece {
    Block block;
    std::uint64_t decoded_bytes = 0;  // the pieces' sum is the block's
  };
  // Cuts off the records that begin within the next `bytes`, but at least this many; all that is left if that would
  // leave little.
  Piece next(std::size_t bytes, std::size_t least_records = 1);
  bool is_whole() const { return at_ == 0; }
  bool is_used_up() const { return is_used_up_; }
  std::size_t left_bytes() const { return block_.bytes.size() - at_; }
  const Block& block() const { return block_; }
  // What is left once it is used up: the memory.
  Block take_block() { return std::move(block_); }

 private:
  std::size_t bytes_of(std::size_t records) const;
  // Moves the segments before `end` to the piece, and the first part of one that reaches beyond it.
  void cut_segments(std::size_t& end, Block& piece);
  void cut_origins(std::uint64_t lines, Block& piece);

  Block block_;
  std::uint64_t decoded_bytes_;  // of what is left
  std::size_t at_ = 0;           // in the block's bytes
  std::size_t segment_ = 0;      // the one at `at_`; it has only what is left of it
  std::size_t line_ = 0;         // among the lines of all segments
  bool is_used_up_ = false;
};

}  // namespace quern::mapper
