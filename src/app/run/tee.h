#pragma once

#include <utility>
#include <vector>

#include "model/event.h"

namespace quern::app {

// Passes every event to each of its sinks, in order. The sinks are borrowed and fixed. Thread-safe.
class Tee final : public EventSink {
 public:
  explicit Tee(std::vector<EventSink*> sinks) : sinks_(std::move(sinks)) {}
  void emit(const event::Event& event) override {
    for (EventSink* sink : sinks_) sink->emit(event);
  }

 private:
  const std::vector<EventSink*> sinks_;
};

}  // namespace quern::app
