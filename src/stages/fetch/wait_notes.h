#pragma once

#include <chrono>
#include <set>
#include <string>

#include "model/event.h"
#include "services/http/http.h"

namespace quern::fetch {

// Emits a note the first time that each host is waited for, because nothing else may happen for a minute. Used on the
// client's thread.
class WaitNotes final : public http::HostListener {
 public:
  explicit WaitNotes(EventSink& events) : events_(events) {}
  void waits(const std::string& host, const Error& why, std::chrono::steady_clock::time_point /*begun*/,
             std::chrono::steady_clock::time_point /*next*/) override {
    if (!hosts_.insert(host).second) return;
    events_.emit(event::Note{event::Level::kInfo, "waiting for " + host + ", which is busy or away: " + why.message});
  }

 private:
  EventSink& events_;
  std::set<std::string> hosts_;
};

}  // namespace quern::fetch
