#include "stages/mapper/batch.h"

#include "base/result.h"
#include "model/limits.h"

namespace quern::mapper {

std::vector<Batch> plan_batches(const std::vector<Input>& inputs, bool per_input) {
  std::vector<Batch> batches;
  std::uint64_t batch_bytes = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    bool fits = !batches.empty() && !per_input && batches.back().inputs.size() < limits::kBatchInputs &&
                batch_bytes + inputs[i].stored_bytes <= limits::kBatchBytes;
    if (!fits) {
      batches.emplace_back();
      batch_bytes = 0;
    }
    batches.back().inputs.push_back(static_cast<InputOrdinal>(i));
    batch_bytes += inputs[i].stored_bytes;
  }
  return batches;
}

std::vector<Batch> halves(const Batch& batch) {
  CHECK(batch.inputs.size() >= 2);
  auto middle = batch.inputs.begin() + static_cast<std::ptrdiff_t>(batch.inputs.size() / 2);
  return {Batch{.inputs = {batch.inputs.begin(), middle}}, Batch{.inputs = {middle, batch.inputs.end()}}};
}

}  // namespace quern::mapper
