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

// What a child gave for a batch, until it is known whether the batch counts: in memory up to a limit, in a file without
// a name beyond that. Owned by one thread; blocks on the disk.
class HeldLines {
 public:
  // The file is made in `folder`, when one is needed.
  HeldLines(std::string folder, std::uint64_t most_bytes) : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  // `lines` ends at a line boundary. kNoSpace: the disk is full.
  Result<void> add(Buffer lines);
  // Commits everything, one block of that input for each call of add(), at least one, from number 0 on; how many they
  // were. Nothing is held afterwards.
  Result<std::uint32_t> commit(BlockSink& sink, InputOrdinal first_input, InputOrdinal last_input);
  void clear();
  // An empty buffer, with the memory of one that is free again if there is one.
  Buffer take_spare();

 private:
  Result<void> write_out();

  const std::string folder_;
  const std::uint64_t most_bytes_;
  std::vector<Buffer> lines_;
  std::vector<Buffer> spare_;
  std::size_t held_bytes_ = 0;
  Fd file_;
  std::vector<std::size_t> written_;  // the sizes of what is in the file, in order
};

}  // namespace quern::mapper
