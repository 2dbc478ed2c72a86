#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "services/http/http.h"

// Hosts that are busy (429, 502, 503, 504) or away (no connection, or none that lasts until an answer): each is asked
// again after a pause that all exchanges with it share, one attempt at a time. The pause grows while the host stays in
// trouble, and shrinks with what it serves. Time and chance come in as parameters.

namespace quern::http {

// "https://host:port" of an absolute URL, in lower case.
std::string host_of(std::string_view url);

class HostPauses {
 public:
  // Borrows the listener, if there is one.
  explicit HostPauses(HostListener* listener = nullptr) : listener_(listener) {}

  using Time = std::chrono::steady_clock::time_point;
  struct Trouble {
    Time begun;  // of the attempt that met it
    Time now;
    bool is_away = false;
    std::optional<std::chrono::seconds> retry_after = {};  // as the host asks for
    std::chrono::milliseconds patience{0};
    double uniform = 0;  // in [0, 1)
    Error why = {};
  };

  // One pause for what several attempts of the same moment met. True: the host has served nothing for as long as the
  // patience lasts. It is given up then: until it serves again, nobody waits for it any more.
  bool troubled(const std::string& host, const Trouble& trouble);
  // The host has begun an answer, and is not in trouble.
  void served(const std::string& host);
  // An attempt may begin from then on.
  Time next(const std::string& host) const;
  // An attempt begins: the next one is to wait for the length of the pause.
  void begun(const std::string& host, Time now, double uniform);
  bool is_empty() const { return hosts_.empty(); }

 private:
  struct Host {
    Time next{};
    std::chrono::milliseconds pause{0};  // 0: all is well
    bool is_away = false;
    Time grown{};  // when the pause last grew
    std::optional<Time> troubled_since = {};
  };
  HostListener* const listener_;
  std::map<std::string, Host> hosts_;  // that were in trouble once
};

}  // namespace quern::http
