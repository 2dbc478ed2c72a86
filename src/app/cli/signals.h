#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

#include "base/fd.h"
#include "base/result.h"

namespace quern::app {

// Handles SIGINT, SIGTERM and SIGHUP, except those that quern was started to ignore (as nohup and background jobs of
// scripts are). One thread reads them: the first signal requests the stop and is reported through `said`; the second
// ends quern immediately, whatever it waits for, and its guard then ends the children. main creates it before any other
// thread starts, because the signals must be blocked in all of them.
class Signals {
 public:
  // To be called first by all commands. Makes a write to a pipe without a reader, or beyond `ulimit -f`, an error
  // instead of a signal, and lets children be waited for, whatever the caller ignores. Children still start with the
  // signals as quern found them.
  static void prepare();
  // Blocks the signals in this thread and in the threads that it starts.
  static void block();
  // `stop` and everything that `said` refers to must outlive this object. `said` is called by the signal thread, and
  // may block. After this object is destroyed, only a second signal ends quern: the first comes too late for what was
  // reported.
  static Result<std::unique_ptr<Signals>> listen(std::stop_source& stop, std::function<void(int signal)> said);
  ~Signals();
  // The signal that stopped the run, or 0.
  int stopped_by() const { return stopped_by_.load(); }

 private:
  Signals(Fd signals, Fd ended) : signals_(std::move(signals)), ended_(std::move(ended)) {}
  void read_signals(std::stop_source& stop, const std::function<void(int)>& said);

  Fd signals_;
  Fd ended_;  // an eventfd; the destructor makes it readable
  std::atomic<int> stopped_by_ = 0;
  std::jthread thread_;
};

// Runs a command that has no session of its own, with the signals as above. Returns its exit status, or 128 and the
// number of the signal that stopped it.
int interruptible(const std::function<int(const std::stop_token& stop)>& command);

}  // namespace quern::app
