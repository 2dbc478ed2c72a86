#pragma once

#include <cstdint>
#include <vector>

#include "model/input.h"
#include "stages/mapper/mapper_limits.h"

namespace quern::mapper {

// Inputs that one `lines` or `files` child gets, in input order.
struct Batch {
  std::vector<InputOrdinal> inputs;  // never empty
};

// Cuts the inputs, in order, into batches of at most `most_inputs`, whose stored bytes together are at most a
// limits::kBatchParts-th of all, but between limits::kLeastBatchBytes and limits::kBatchBytes. A larger input, and one
// of unknown size, is alone. Depends on the list only, so that the result does not depend on how many children there
// are.
std::vector<Batch> plan_batches(const std::vector<Input>& inputs, std::size_t most_inputs);

// The two halves of a batch of at least two inputs.
std::vector<Batch> halves(const Batch& batch);

}  // namespace quern::mapper
