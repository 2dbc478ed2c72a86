#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

#include "base/fd.h"
#include "base/result.h"

namespace quern::app {

// SIGINT, SIGTERM and SIGHUP, but those that quern was started to ignore (as nohup and background jobs of scripts are).
// One thread reads them: the first one requests the stop and is reported through `said`; the second ends quern at once,
// whatever it waits for, and its guard then ends the children. Made by main before any other thread starts, because the
// signals have to be blocked in all of them.
class Signals {
 public:
  // For all commands, first of all: a write to a pipe without a reader or beyond `ulimit -f` is an error, and no
  // signal, and whatever the caller ignores, children can be waited for. A child begins as quern began.
  static void prepare();
  // Blocks the signals in this thread and in those that it starts.
  static void block();
  // `stop` and what `said` refers to outlive this object. `said` is called by the signal thread, and may block. Once
  // this object is gone, only a second signal ends quern: the first one comes too late for what quern has told.
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
