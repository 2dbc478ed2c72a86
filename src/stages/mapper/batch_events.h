#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "model/event.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

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
