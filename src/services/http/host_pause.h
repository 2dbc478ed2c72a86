#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "services/http/http.h"

// Pauses for hosts that are busy (429, 502, 503, 504) or unavailable (no connection, or none that lasts until an
// answer). Each host has one pause that all exchanges with it share, and is asked one attempt at a time. The pause
// grows while the host is in trouble and shrinks with each answer it serves. Time and random numbers are parameters.
// Not thread-safe.

namespace quern::http {

// Returns "https://host:port" for an absolute URL, in lower case.
std::string host_of(std::string_view url);

class HostPauses {
 public:
  // Borrows the listener, which may be nullptr.
  explicit HostPauses(HostListener* listener = nullptr) : listener_(listener) {}

  using Time = std::chrono::steady_clock::time_point;
  struct Trouble {
    Time begun;  // when the attempt that met it began
    Time now;
    bool is_away = false;
    std::optional<std::chrono::seconds> retry_after = {};  // as the host requested
    std::chrono::milliseconds patience{0};
    double uniform = 0;  // in [0, 1)
    Error why = {};
  };

  // Records trouble; several attempts that meet it at the same moment cause only one pause. Returns true if the host
  // has served nothing for the duration of the patience: the host is then given up, and exchanges do not wait for it
  // until it serves again.
  bool troubled(const std::string& host, const Trouble& trouble);
  // Records that the host has begun an answer and is not in trouble.
  void served(const std::string& host);
  // Returns the time from which an attempt may begin.
  Time next(const std::string& host) const;
  // Records that an attempt begins: the next one must wait for the length of the pause.
  void begun(const std::string& host, Time now, double uniform);
  bool is_empty() const { return hosts_.empty(); }

 private:
  struct Host {
    Time next{};
    std::chrono::milliseconds pause{0};  // 0: the host is healthy
    bool is_away = false;
    Time grown{};  // when the pause last grew
    std::optional<Time> troubled_since = {};
  };
  HostListener* const listener_;
  std::map<std::string, Host> hosts_;  // hosts that were in trouble at least once
};

}  // namespace quern::http
