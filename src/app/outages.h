#pragma once

#include <chrono>
#include <map>
#include <string>

#include "model/watched_group.h"
#include "services/http/http.h"

namespace quern::app {

// Tells whoever looks on of servers that are waited for, unless that takes a moment only, and when they answer again.
// Belongs to the thread of the client; borrows the sink.
class Outages final : public http::HostListener {
 public:
  Outages(GroupSink& sink, std::chrono::milliseconds patience) : sink_(sink), patience_(patience) {}
  void waits(const std::string& host, const Error& why, std::chrono::steady_clock::time_point begun) override;
  void serves(const std::string& host) override;

 private:
  struct Outage {
    std::chrono::steady_clock::time_point begun;
    bool is_told = false;
  };
  GroupSink& sink_;
  const std::chrono::milliseconds patience_;
  std::map<std::string, Outage> outages_;  // by host
};

}  // namespace quern::app
