#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

#include "base/fd.h"
#include "base/result.h"

namespace quern::app {

// SIGINT, SIGTERM and SIGHUP, read by one thread: the first one requests the stop and is reported through `said`; the
// second ends quern at once, and its guard then ends the children. Made by main before any other thread starts, because
// the signals have to be blocked in all of them.
class Signals {
 public:
  // Blocks the signals in this thread and in those that it starts, and ignores SIGPIPE.
  static void block();
  // `stop` and what `said` refers to outlive this object. `said` is called by the signal thread.
  static Result<std::unique_ptr<Signals>> listen(std::stop_source& stop, std::function<void(int signal)> said);
  ~Signals();
  // The signal that stopped the run, or 0.
  int stopped_by() const { return stopped_by_.load(); }

 private:
  Signals(Fd signals, Fd ended) : signals_(std::move(signals)), ended_(std::move(ended)) {}
  void read_signals(std::stop_source& stop, const std::function<void(int)>& said);

  Fd signals_;
  Fd ended_;  // an eventfd that the destructor makes readable
  std::atomic<int> stopped_by_ = 0;
  std::jthread thread_;
};

}  // namespace quern::app
