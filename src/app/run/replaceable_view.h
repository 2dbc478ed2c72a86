#pragma once

#include <memory>
#include <utility>

#include "base/guarded.h"
#include "model/event.h"

namespace quern::app {

// A view that can be replaced by another one, or by none, while other threads emit: the live display must be gone
// before the end of a run is reported, but Ctrl-C must still be noted then.
class ReplaceableView final : public EventSink {
 public:
  void emit(const event::Event& event) override {
    auto view = view_.lock();
    if (*view != nullptr) (*view)->emit(event);
  }
  // When this returns, the previous view has written everything and is destroyed.
  void replace(std::unique_ptr<EventSink> next) {
    auto view = view_.lock();
    view->reset();
    *view = std::move(next);
  }

 private:
  Guarded<std::unique_ptr<EventSink>> view_;
};

}  // namespace quern::app
