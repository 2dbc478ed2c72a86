#include "stages/mapper/batch_events.h"

namespace quern::mapper {

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
