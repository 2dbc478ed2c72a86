#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/event.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

// The events of one attempt on a batch. Counters and bad records stay here until the batch is committed, because an
// attempt that fails is made again, unless the bad ones end the run; bytes that were read are reported in the first
// attempt only; everything else is passed on at once. Belongs to one thread.
class BatchEvents final : public EventSink {
 public:
  // `peers` is borrowed.
  BatchEvents(const MapperPeers& peers, bool is_first_attempt) : peers_(peers), is_first_attempt_(is_first_attempt) {}

  void emit(const event::Event& event) override;
  // Passes on what was held back.
  void commit();
  // The last failure of an input, if one failed in this attempt.
  const std::optional<event::InputFailed>& failed_input() const { return failed_input_; }

 private:
  const MapperPeers& peers_;
  const bool is_first_attempt_;
  std::vector<event::Event> held_;
  std::uint64_t held_bad_ = 0;  // bad records among them
  std::optional<event::InputFailed> failed_input_;
};

}  // namespace quern::mapper
