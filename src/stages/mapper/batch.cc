#include "stages/mapper/batch.h"

#include <algorithm>

#include "base/result.h"

namespace quern::mapper {

std::vector<Batch> plan_batches(const PackedInputs& inputs, std::size_t most_inputs) {
  const std::uint64_t most_bytes =
      std::clamp(inputs.stored_bytes() / limits::kBatchParts, limits::kLeastBatchBytes, limits::kBatchBytes);
  std::vector<Batch> batches;
  std::uint64_t batch_bytes = 0;
  InputOrdinal ordinal = 0;
  for (const InputView& input : inputs) {
    // An input of unknown size shares a batch with no other.
    std::uint64_t bytes = input.size_is_known ? input.stored_bytes : most_bytes + 1;
    if (batches.empty() || batches.back().inputs.size() >= most_inputs || batch_bytes + bytes > most_bytes) {
      batches.emplace_back();
      batch_bytes = 0;
    }
    batches.back().inputs.push_back(ordinal++);
    batch_bytes += bytes;
  }
  return batches;
}

std::vector<Batch> halves(const Batch& batch) {
  CHECK(batch.inputs.size() >= 2);
  auto middle = batch.inputs.begin() + static_cast<std::ptrdiff_t>(batch.inputs.size() / 2);
  return {Batch{.inputs = {batch.inputs.begin(), middle}}, Batch{.inputs = {middle, batch.inputs.end()}}};
}

void BatchEvents::emit(const event::Event& event) {
  if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    failed_input_ = *failed;
    failed_input_->was_begun = false;  // nothing of a batch is passed on before it ends
  } else if (std::holds_alternative<event::RecordBad>(event)) {
    held_.push_back(event);
    if (peers_.would_end(++held_bad_)) commit();
  } else if (std::holds_alternative<event::Counted>(event)) {
    held_.push_back(event);
  } else if (std::holds_alternative<event::InputProgress>(event)) {
    if (is_first_attempt_) peers_.events.emit(event);
  } else if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) {
    // A batch is one block, so it reports itself when its inputs are decoded.
    decoded_.insert(decoded->input);
  } else {
    peers_.events.emit(event);
  }
}

void BatchEvents::commit() {
  for (const event::Event& event : held_) peers_.events.emit(event);
  held_.clear();
  held_bad_ = 0;
}

}  // namespace quern::mapper
