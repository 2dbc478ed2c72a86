#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/command_line.h"
#include "app/cli/signals.h"
#include "app/job/result_folder.h"
#include "app/remote/input_supply.h"
#include "app/remote/remote_access.h"
#include "app/run/accountant.h"
#include "app/run/event_sinks.h"
#include "app/run/loss_policy.h"
#include "app/run/run.h"
#include "app/run/sample.h"
#include "base/fd.h"
#include "base/guarded.h"
#include "base/result.h"
#include "model/accounting.h"
#include "model/event.h"
#include "stages/output/output.h"
#include "views/json/json_view.h"

namespace quern::app {

// A view that can be replaced by another one, or by none, while other threads emit: the live display must be gone
// before the end of a run is reported, but Ctrl-C must still be noted then.
class ReplaceableView final : public EventSink {
 public:
  void emit(const event::Event& event) override {
    auto view = view_.lock();
    if (*view != nullptr) (*view)->emit(event);
  }
  // When this returns, the previous view has written everything and is destroyed.
  void replace(std::unique_ptr<EventSink> next) {
    auto view = view_.lock();
    view->reset();
    *view = std::move(next);
  }

 private:
  Guarded<std::unique_ptr<EventSink>> view_;
};

// The environment of one run: views, signals, inputs and their transfer, the accounts, and the final report. The
// functions must be called in the order of their declaration. Belongs to the main thread, and must be created while no
// other thread runs.
class RunSession {
 public:
  // `line` and `job` are borrowed, and so is `view`, which shows the run instead of the usual one.
  RunSession(const CommandLine& line, const Job& job, EventSink* view = nullptr);
  // Refuses to overwrite what the job reads, then begins to show events and to listen to signals.
  Result<void> open();
  // Lists the inputs with `list` and prepares to fetch those that are remote. `job_name` is the job's name in the
  // accounting.
  using ListInputs = std::function<Result<InputList>()>;
  Result<void> list_inputs(const ListInputs& list, const std::function<std::string()>& job_name);
  // Calls `work` with everything that a run needs, and returns its result. Blocks.
  using Work = std::function<Result<RunResult>(const Run& run)>;
  Result<RunResult> work(const Work& work);
  // Ends all events except notes, and the live display. Returns the accounting.
  Accounting close(const Result<RunResult>& result);
  // Writes bad_records.txt and result.json.
  Result<void> write_books(const Accounting& accounting);
  // Reports why the run failed, and the accounting. To be called after all notes.
  void say(const Accounting& accounting, const Result<RunResult>& result);

  const ResultFolder& folder() const { return folder_; }
  RemoteAccess& remote() { return remote_; }
  LossPolicy& policy() { return policy_; }
  EventSink& events() { return *events_; }
  std::stop_token stop() const { return stop_.get_token(); }
  // Stopped by the first signal if it arrives after close(). What is done then must continue after a stop of the run
  // itself, which a failure also requests.
  std::stop_token late_stop() const { return late_stop_.get_token(); }
  // The signal that stopped the run, or 0.
  int stopped_by() const { return signals_ == nullptr ? 0 : signals_->stopped_by(); }
  // For events about inputs, after list_inputs().
  std::function<std::string(InputOrdinal)> input_name() {
    return [this](InputOrdinal input) { return inputs_.inputs[input].name.str(); };
  }

 private:
  // Forwards events once there is a sink for them.
  class LateSink final : public EventSink {
   public:
    void emit(const event::Event& event) override {
      auto target = target_.lock();
      if (*target != nullptr) (*target)->emit(event);
    }
    void set(EventSink* target) { *target_.lock() = target; }

   private:
    Guarded<EventSink*> target_;
  };

  void open_views();
  Result<void> open_log();
  void warn_of_strangers();
  Ending ending_of(const Result<RunResult>& result) const;

  const CommandLine& line_;
  const Job& job_;
  EventSink* const own_view_;
  const ResultFolder folder_;
  const UtcTime started_ = std::chrono::system_clock::now();
  RemoteAccess remote_;
  InputList inputs_;
  std::stop_source stop_;
  std::stop_source late_stop_;
  std::atomic<bool> is_closed_ = false;
  Accountant accountant_;
  LossPolicy policy_;
  std::unique_ptr<output::BadRecordFile> bad_file_;
  BadRecords bad_records_;
  Fd log_file_;
  ReplaceableView view_;
  std::unique_ptr<view::JsonView> json_;
  std::unique_ptr<view::JsonView> log_;
  LateSink late_log_;
  std::unique_ptr<Tee> events_;
  std::unique_ptr<InputSupply> supply_;
  std::optional<FirstRecords> sample_;  // with limits.records
  std::unique_ptr<Signals> signals_;
};

}  // namespace quern::app
