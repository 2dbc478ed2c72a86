#include "app/run_session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "app/console.h"
#include "app/input_opener.h"
#include "app/map_phase.h"
#include "model/accounting_json.h"
#include "services/disk/full_disk.h"
#include "views/terminal/view.h"

namespace quern::app {
ResultPaths result_paths(const Job& job) {
  if (job.output == "-") return {.result = "-", .accounting = "", .bad_records = "bad_records.txt"};
  std::filesystem::path folder = std::filesystem::path(job.output).parent_path();
  return {.result = job.output,
          .accounting = (folder / "result.json").string(),
          .bad_records = (folder / "bad_records.txt").string()};
}

RunSession::RunSession(const CommandLine& line, const Job& job)
    : line_(line),
      job_(job),
      paths_(result_paths(job)),
      remote_(line),
      accountant_(inputs_),
      policy_(
          job.limits, inputs_.inputs,
          [this](InputOrdinal input, const std::stop_token& stop) {
            return verify_input(inputs_.inputs, decode_options(job_), input, stop);
          },
          stop_),
      bad_file_(output::BadRecordFile::make(paths_.bad_records, line.scratch)),
      bad_records_(*bad_file_, inputs_, policy_) {}

Result<void> RunSession::open() {
  auto log = open_log();
  // From here on nothing waits for another process before the signals are listened to.
  Signals::block();
  open_views();
  TRY_ASSIGN(signals_, Signals::listen(stop_, [this](int) {
               events_->emit(event::Note{event::Level::kWarning, "stopping; press Ctrl-C again to end at once"});
               if (is_closed_) late_stop_.request_stop();
             }));
  return log;
}

Result<void> RunSession::open_log() {
  if (line_.log.empty()) return {};
  TRY_ASSIGN(log_file_, open_file(line_.log, O_WRONLY | O_CREAT | O_APPEND));
  return {};
}

void RunSession::open_views() {
  std::vector<EventSink*> sinks;
  if (line_.json) {
    json_ = view::make_json_view({.fd = STDERR_FILENO, .input_name = input_name()});
    sinks.push_back(json_.get());
  } else {
    auto options = terminal_options(line_);
    options.input_name = input_name();
    view_.replace(view::make_terminal_view(std::move(options)));
    sinks.push_back(&view_);
  }
  if (log_file_.is_open()) {
    log_ = view::make_json_view({.fd = log_file_.number(), .input_name = input_name()});
    sinks.push_back(log_.get());
  }
  // The policy comes last: what stops the run is shown before it does.
  for (EventSink* sink : {static_cast<EventSink*>(&accountant_), static_cast<EventSink*>(&bad_records_),
                          static_cast<EventSink*>(&policy_)}) {
    sinks.push_back(sink);
  }
  events_ = std::make_unique<Tee>(std::move(sinks));
}

Result<void> RunSession::list_inputs(const ListInputs& list, const std::function<std::string()>& job_name) {
  events_->emit(event::PhaseStarted{event::Phase::kInputs});
  auto start = std::chrono::steady_clock::now();
  TRY_ASSIGN(inputs_, without_exceptions(list));
  event::RunStarted started{.job = job_name(), .inputs = inputs_.inputs.size(), .processes = processes_of(job_)};
  for (const Input& input : inputs_.inputs) started.stored_bytes += input.stored_bytes;
  events_->emit(started);
  for (const std::string& note : inputs_.notes) events_->emit(event::Note{event::Level::kInfo, note});
  events_->emit(event::PhaseEnded{event::Phase::kInputs, std::chrono::steady_clock::now() - start});
  TRY_ASSIGN(supply_, remote_.supply(inputs_, job_.downloads, *events_, stop_.get_token()));
  return {};
}

Result<LocalRunResult> RunSession::work(const Work& work) {
  const LocalRun run{.job = job_,
                     .inputs = inputs_,
                     .supply = *supply_,
                     .output = paths_.result,
                     .scratch_parent = line_.scratch,
                     .events = *events_,
                     .policy = policy_,
                     .stop = stop_};
  auto done = without_exceptions([&] { return work(run); });
  if (done.ok()) return done;
  return disk::advise_scratch_if_full(std::move(done).error());
}

Accounting RunSession::close(const Result<LocalRunResult>& result) {
  is_closed_ = true;
  // The live display goes before anything else is written; notes are still shown.
  auto options = terminal_options(line_);
  options.is_terminal = false;
  view_.replace(json_ == nullptr ? view::make_terminal_view(std::move(options)) : nullptr);
  if (result.ok()) {
    return accountant_.finish(
        {.outcome = Outcome::kDone, .result = paths_.result, .result_bytes = result.value().result_bytes});
  }
  bool was_stopped = stopped_by() != 0 && result.error().kind == ErrorKind::kStopped;
  return accountant_.finish(
      {.outcome = was_stopped || reader_has_gone(result.error()) ? Outcome::kStopped : Outcome::kFailed,
       .failure = was_stopped ? fmt::format("stopped by signal {}", stopped_by()) : result.error().message});
}

Result<void> RunSession::write_books(const Accounting& accounting) {
  if (accounting.records_bad + accounting.groups_bad == 0) {
    // One that an earlier run left would be taken for this run's.
    std::error_code ignored;
    std::filesystem::remove(paths_.bad_records, ignored);
  }
  TRY(bad_records_.commit());
  if (paths_.accounting.empty()) return {};
  return output::write_accounting(accounting, paths_.accounting);
}

void RunSession::say(const Accounting& accounting, const Result<LocalRunResult>& result) {
  view_.replace(nullptr);
  if (log_ != nullptr) {
    log_->finish(accounting_json(accounting));
    if (auto written = log_->outcome(); !written.ok()) {
      print_to_stderr(view::error_text(std::move(written).error().with_context("writing the log " + line_.log), false));
    }
  }
  if (json_ != nullptr) {
    json_->finish(accounting_json(accounting));
    return;
  }
  if (!result.ok() && accounting.outcome == Outcome::kFailed) print_error(result.error());
  if (!line_.quiet) print_to_stderr(view::accounting_text(accounting, has_color()));
}

}  // namespace quern::app
