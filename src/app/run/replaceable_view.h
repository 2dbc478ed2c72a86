#pragma once

#include <memory>
#include <utility>

#include "base/guarded.h"
#include "model/event.h"

namespace quern::app {

// A view that makes way for another one, or for none, while other threads emit: a live display has to be gone before
// the end of a run is told, but Ctrl-C still has its note then.
class ReplaceableView final : public EventSink {
 public:
  void emit(const event::Event& event) override {
    auto view = view_.lock();
    if (*view != nullptr) (*view)->emit(event);
  }
  // The one before has written all that it had, and is gone, when this returns.
  void replace(std::unique_ptr<EventSink> next) {
    auto view = view_.lock();
    view->reset();
    *view = std::move(next);
  }

 private:
  Guarded<std::unique_ptr<EventSink>> view_;
};

}  // namespace quern::app
