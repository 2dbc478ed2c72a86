#pragma once

#include <optional>
#include <vector>

#include "model/event.h"

namespace quern::mapper {

// The events of one attempt on a batch. Counters and bad records stay here until the batch is committed, because an
// attempt that fails is made again; bytes that were read are reported in the first attempt only; everything else is
// passed on at once. Belongs to one thread.
class BatchEvents final : public EventSink {
 public:
  BatchEvents(EventSink& target, bool is_first_attempt) : target_(target), is_first_attempt_(is_first_attempt) {}

  void emit(const event::Event& event) override;
  // Passes on what was held back.
  void commit();
  // The last failure of an input, if one failed in this attempt.
  const std::optional<event::InputFailed>& failed_input() const { return failed_input_; }

 private:
  EventSink& target_;
  const bool is_first_attempt_;
  std::vector<event::Event> held_;
  std::optional<event::InputFailed> failed_input_;
};

}  // namespace quern::mapper
