#pragma once

#include <cstdint>
#include <vector>

#include "model/limits.h"
#include "model/packed_inputs.h"

namespace quern::limits {

// The bounds of a batch: the stored bytes of its inputs are at most a fraction of all bytes within these bounds; see
// docs/decisions/0020.
inline constexpr std::uint64_t kLeastBatchBytes = 64 * kKiB;
inline constexpr std::uint64_t kBatchBytes = 16 * kMiB;
inline constexpr std::uint64_t kBatchParts = 1024;

}  // namespace quern::limits

namespace quern::mapper {

// The inputs of one `lines` or `files` child, in input order.
struct Batch {
  std::vector<InputOrdinal> inputs;  // never empty
};

// Cuts the inputs, in order, into batches of at most `most_inputs` inputs, whose stored bytes add up to at most
// 1/limits::kBatchParts of all, but between limits::kLeastBatchBytes and limits::kBatchBytes. A larger input, and one
// of unknown size, is a batch of its own. Depends only on the list, so that the result does not depend on the number of
// children.
std::vector<Batch> plan_batches(const PackedInputs& inputs, std::size_t most_inputs);

// Returns the two halves of a batch of at least two inputs.
std::vector<Batch> halves(const Batch& batch);

}  // namespace quern::mapper
