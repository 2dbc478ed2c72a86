#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "model/block.h"

namespace quern::mapper {

// A child's output for a batch, held until the batch counts: in memory up to a limit, then in a file without a name.
// Not thread-safe; blocks on the disk.
class HeldLines {
 public:
  // `folder` is where the file is created when it is needed.
  HeldLines(std::string folder, std::uint64_t most_bytes) : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  // `lines` must end at a line boundary. Fails with kNoSpace if the disk is full.
  Result<void> add(Buffer lines);
  // Commits everything as one block of `first_input` for each call of add(), numbered from 0; at least one block.
  // Returns the number of blocks. Nothing is held afterwards.
  Result<std::uint32_t> commit(BlockSink& sink, InputOrdinal first_input, InputOrdinal last_input);
  void clear();
  // Returns an empty buffer, reusing the memory of a free one if there is one.
  Buffer take_spare();

 private:
  Result<void> write_out();

  const std::string folder_;
  const std::uint64_t most_bytes_;
  std::vector<Buffer> lines_;
  std::vector<Buffer> spare_;
  std::size_t held_bytes_ = 0;
  Fd file_;
  std::vector<std::size_t> written_;  // sizes of the pieces in the file, in order
};

}  // namespace quern::mapper
