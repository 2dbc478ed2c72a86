#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "model/event.h"
#include "model/limits.h"
#include "model/packed_inputs.h"
#include "stages/mapper/mapper.h"

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

// The events of one attempt on a batch. Counters and bad records are held until the batch is committed, because a
// failed attempt is repeated, unless the bad records end the run. Bytes that were read are reported only in the first
// attempt. All other events are passed on immediately. Not thread-safe.
class BatchEvents final : public EventSink {
 public:
  // `peers` is borrowed.
  BatchEvents(const MapperPeers& peers, bool is_first_attempt) : peers_(peers), is_first_attempt_(is_first_attempt) {}

  void emit(const event::Event& event) override;
  // Passes on what was held.
  void commit();
  // Whether its source has reported the end of the input, or of a sample within it.
  bool has_decoded(InputOrdinal input) const { return decoded_.contains(input); }
  // The last input that failed in this attempt, if any.
  const std::optional<event::InputFailed>& failed_input() const { return failed_input_; }

 private:
  const MapperPeers& peers_;
  const bool is_first_attempt_;
  std::vector<event::Event> held_;
  std::uint64_t held_bad_ = 0;  // how many of the held events are bad records
  std::optional<event::InputFailed> failed_input_;
  std::set<InputOrdinal> decoded_;
};

}  // namespace quern::mapper
