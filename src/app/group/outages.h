#pragma once

#include <chrono>
#include <map>
#include <string>

#include "model/taskcluster/watched_group.h"
#include "services/http/http.h"

namespace quern::app {

// Tells the user when quern waits for a server longer than a moment, and when the server answers again. Used on the
// client's thread; borrows the sink.
class Outages final : public http::HostListener {
 public:
  Outages(GroupSink& sink, std::chrono::milliseconds patience) : sink_(sink), patience_(patience) {}
  void waits(const std::string& host, const Error& why, std::chrono::steady_clock::time_point begun,
             std::chrono::steady_clock::time_point next) override;
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
