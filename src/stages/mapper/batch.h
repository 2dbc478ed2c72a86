#pragma once

#include <cstdint>
#include <vector>

#include "model/packed_inputs.h"
#include "stages/mapper/mapper_limits.h"

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
