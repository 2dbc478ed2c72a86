#include "stages/mapper/batch.h"

#include <algorithm>

#include "base/result.h"
#include "stages/mapper/mapper_limits.h"

namespace quern::mapper {

std::vector<Batch> plan_batches(const std::vector<Input>& inputs, std::size_t most_inputs) {
  std::uint64_t all_bytes = 0;
  for (const Input& input : inputs) all_bytes += input.stored_bytes;
  const std::uint64_t most_bytes =
      std::clamp(all_bytes / limits::kBatchParts, limits::kLeastBatchBytes, limits::kBatchBytes);
  std::vector<Batch> batches;
  std::uint64_t batch_bytes = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    // An input of unknown size shares a batch with no other.
    std::uint64_t bytes = inputs[i].size_is_known ? inputs[i].stored_bytes : most_bytes + 1;
    if (batches.empty() || batches.back().inputs.size() >= most_inputs || batch_bytes + bytes > most_bytes) {
      batches.emplace_back();
      batch_bytes = 0;
    }
    batches.back().inputs.push_back(static_cast<InputOrdinal>(i));
    batch_bytes += bytes;
  }
  return batches;
}

std::vector<Batch> halves(const Batch& batch) {
  CHECK(batch.inputs.size() >= 2);
  auto middle = batch.inputs.begin() + static_cast<std::ptrdiff_t>(batch.inputs.size() / 2);
  return {Batch{.inputs = {batch.inputs.begin(), middle}}, Batch{.inputs = {middle, batch.inputs.end()}}};
}

}  // namespace quern::mapper
