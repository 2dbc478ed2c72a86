#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "app/group/rerun.h"
#include "app/group/watch.h"
#include "model/limits.h"

namespace quern::watch {
namespace {

using Steady = std::chrono::steady_clock;

// Returns false if it was stopped in the meantime.
bool wait(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

class Loop {
 public:
  Loop(GroupWatch& watch, GroupSink& sink, std::chrono::milliseconds longest, Rerun* rerun)
      : watch_(watch),
        sink_(sink),
        longest_(longest),
        interval_(std::min<std::chrono::milliseconds>(limits::kFirstPollInterval, longest)),
        rerun_(rerun) {}

  Result<Ending> run(const std::stop_token& stop) {
    while (true) {
      TRY(look(stop));
      if (is_over()) return watch_.ending(std::chrono::system_clock::now());
      if (!wait_for_next_look(stop)) return stopped();
    }
  }

 private:
  Result<void> look(const std::stop_token& stop) {
    TRY_ASSIGN(auto changed, watch_.look(stop).context("watching the task group " + watch_.group().id));
    sink_.looked(watch_.group(), changed);
    if (rerun_ == nullptr) return {};
    auto again = rerun_->step(stop);
    const bool is_refused = !again.ok() && again.error().kind == ErrorKind::kDenied;
    if (is_refused && !rerun_->is_all_that_is_wanted()) {
      sink_.note(event::Level::kWarning, again.error().message + "; the watch goes on, and runs nothing again");
      rerun_ = nullptr;
      return {};
    }
    TRY(again);
    if (!again.value().empty()) sink_.looked(watch_.group(), again.value());
    return {};
  }

  bool is_over() const {
    const UtcTime now = std::chrono::system_clock::now();
    return rerun_ == nullptr ? watch_.ending(now) != Ending::kNone : rerun_->is_over(now);
  }

  bool wait_for_next_look(const std::stop_token& stop) {
    const auto due = Steady::now() + interval_;
    interval_ = std::min(longest_, interval_ + interval_ / 4);
    for (auto now = Steady::now(); now < due; now = Steady::now()) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(due - now);
      if (!wait(std::min<std::chrono::milliseconds>(left, limits::kGroupRedrawInterval), stop)) return false;
      sink_.tick(watch_.group());
    }
    return !stop.stop_requested();
  }

  GroupWatch& watch_;
  GroupSink& sink_;
  const std::chrono::milliseconds longest_;
  std::chrono::milliseconds interval_;
  Rerun* rerun_;  // nullptr: failed tasks are not run again
};

}  // namespace

Result<Ending> watch_to_end(GroupWatch& watch, GroupSink& sink, const PollOptions& options, Rerun* rerun,
                            const std::stop_token& stop) {
  return Loop(watch, sink, options.longest, rerun).run(stop);
}

}  // namespace quern::watch
