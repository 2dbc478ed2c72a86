#include "app/run/run_session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "app/cli/command_line.h"
#include "app/cli/console.h"
#include "app/remote/result_upload.h"
#include "app/run/halves.h"
#include "app/run/map_phase.h"
#include "base/environment.h"
#include "model/accounting_json.h"
#include "model/compression.h"
#include "services/disk/files.h"
#include "views/terminal/view.h"

namespace quern::app {
namespace {

std::size_t results_of(const CommandLine& line, const Job& job) {
  if (line.command == CommandLine::Command::kMap || line.merge) return map_results(job);
  return line.command == CommandLine::Command::kRun ? run_results(job) : 1;
}

ResultPaths paths_of(const CommandLine& line, const Job& job) {
  ResultPaths paths = result_paths(job.output, results_of(line, job));
  paths.log = line.log;
  return paths;
}

// Adds how, where and when the run was made, and what quern itself used.
void describe_run(const CommandLine& line, UtcTime started, Accounting& accounting) {
  accounting.quern_version = std::string(kQuernVersion);
  accounting.command = shown_words(line.words);
  accounting.host = host_name();
  accounting.started = started;
  accounting.ended = std::chrono::system_clock::now();
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) != 0) return;
  accounting.usage["quern"] = usage_of(used);
}

}  // namespace

RunSession::RunSession(const CommandLine& line, const Job& job, EventSink* view)
    : line_(line),
      job_(job),
      own_view_(view),
      folder_(paths_of(line, job)),
      remote_(line, job.downloads),
      accountant_(inputs_),
      policy_(job.limits, inputs_.inputs, stop_, counted_word(job)),
      bad_file_(output::BadRecordFile::make(folder_.paths().bad_records)),
      bad_records_(*bad_file_, inputs_, policy_) {}

Result<void> RunSession::open() {
  TRY(folder_.check(job_, line_));
  // From here on, nothing may wait for another process until the signals are listened to.
  Signals::block();
  open_views();
  TRY_ASSIGN(signals_, Signals::listen(stop_, [this](int signal) {
               const char* advice = signal == SIGINT ? "; press Ctrl-C again to end at once" : "";
               events_->emit(event::Note{event::Level::kWarning, std::string("stopping") + advice});
               if (is_closed_) late_stop_.request_stop();
             }));
  return {};
}

void RunSession::open_views() {
  std::vector<EventSink*> sinks;
  if (own_view_ != nullptr) {
    sinks.push_back(own_view_);
  } else if (line_.json) {
    json_ = std::make_unique<view::JsonView>(view::JsonOptions{.fd = STDERR_FILENO, .input_name = input_name()});
    sinks.push_back(json_.get());
  } else {
    auto options = terminal_options(line_);
    options.input_name = input_name();
    view_.replace(view::make_terminal_view(std::move(options)));
    sinks.push_back(&view_);
  }
  sinks.push_back(&late_log_);
  // The policy comes last: what stops the run is shown before the run stops.
  for (EventSink* sink : {static_cast<EventSink*>(&accountant_), static_cast<EventSink*>(&bad_records_),
                          static_cast<EventSink*>(&policy_)}) {
    sinks.push_back(sink);
  }
  events_ = std::make_unique<Tee>(std::move(sinks));
}

// Called only once the inputs are known: an input that --log names must stay unchanged.
Result<void> RunSession::open_log() {
  if (line_.log.empty()) return {};
  if (compression_of_name(line_.log) != Compression::kNone) {
    return bad_config(fmt::format("--log is {}, and the log is text; choose a name such as events.json", line_.log));
  }
  TRY(disk::refuse_foreign_link(line_.log).context("--log"));
  auto opened = open_file(line_.log, O_WRONLY | O_CREAT | O_APPEND);
  if (!opened.ok()) return bad_config("--log " + opened.error().message);
  log_file_ = std::move(opened).value();
  log_ = std::make_unique<view::JsonView>(view::JsonOptions{.fd = log_file_.number(), .input_name = input_name()});
  log_->emit(event::PhaseStarted{event::Phase::kInputs});
  late_log_.set(log_.get());
  return {};
}

Result<void> RunSession::list_inputs(const ListInputs& list, const std::function<std::string()>& job_name) {
  events_->emit(event::PhaseStarted{event::Phase::kInputs});
  auto start = std::chrono::steady_clock::now();
  auto listed = without_exceptions(list);
  if (listed.ok() || listed.error().kind != ErrorKind::kBadConfig) TRY(open_log());
  TRY_ASSIGN(inputs_, std::move(listed));
  event::RunStarted started{.job = job_name(), .inputs = inputs_.inputs.size(), .processes = processes_of(job_)};
  if (inputs_.inputs.of_unknown_size() == 0) started.stored_bytes = inputs_.inputs.stored_bytes();
  events_->emit(started);
  warn_of_strangers();
  for (const std::string& note : inputs_.notes) events_->emit(event::Note{event::Level::kInfo, note});
  events_->emit(event::PhaseEnded{event::Phase::kInputs, std::chrono::steady_clock::now() - start});
  TRY_ASSIGN(supply_, remote_.supply(inputs_, job_.folder, *events_, stop_.get_token()));
  return {};
}

void RunSession::warn_of_strangers() {
  const std::vector<std::string> names = folder_.strangers();
  if (names.empty()) return;
  events_->emit(event::Note{event::Level::kWarning,
                            fmt::format("{} {} next to the result, and no result.json says whose; what reads the parts "
                                        "of a result together would take them for this run's: move them away",
                                        fmt::join(names, ", "), names.size() == 1 ? "is" : "are")});
}

Result<RunResult> RunSession::work(const Work& work) {
  if (job_.limits.records.has_value()) sample_.emplace(*job_.limits.records);
  std::unique_ptr<ResultUpload> upload;
  if (!folder_.paths().object.empty()) {
    TRY_ASSIGN(upload,
               ResultUpload::open({.line = line_, .downloads = job_.downloads, .url = job_.output, .events = *events_},
                                  stop_.get_token()));
  }
  const Run run{.job = &job_,
                .inputs = &inputs_,
                .supply = supply_.get(),
                .output = upload == nullptr ? job_.output : upload->path(),
                .scratch_parent = line_.scratch,
                .events = events_.get(),
                .policy = &policy_,
                .stop = &stop_,
                .folder = &folder_,
                .sample = sample_.has_value() ? &*sample_ : nullptr,
                .upload = upload.get()};
  auto done = without_exceptions([&] { return work(run); });
  // Losses beyond the limits stop everything. Their error is reported, not that of the stopped stages.
  if (auto failure = policy_.failure(); failure.has_value()) done = Error(*failure);
  if (done.ok()) return done;
  return disk::advise_scratch_if_full(std::move(done).error());
}

Accounting RunSession::close(const Result<RunResult>& result) {
  is_closed_ = true;
  // Removes the live display before anything else is written; notes are still shown.
  auto options = terminal_options(line_);
  options.is_terminal = false;
  view_.replace(json_ == nullptr ? view::make_terminal_view(std::move(options)) : nullptr);
  Ending ending = ending_of(result);
  ending.sample_records = job_.limits.records;
  ending.is_sample_full = sample_.has_value() && sample_->is_complete();
  Accounting accounting = accountant_.finish(std::move(ending));
  const bool was_stopped = accounting.outcome == Outcome::kStopped && stopped_by() != 0;
  describe_run(line_, started_, accounting);
  if (!result.ok()) accounting.ended_with = was_stopped ? 128 + stopped_by() : status_of(result.error());
  folder_.describe(accounting);
  return accounting;
}

Ending RunSession::ending_of(const Result<RunResult>& result) const {
  if (result.ok()) {
    return {.outcome = Outcome::kDone, .result = job_.output, .result_bytes = result.value().result_bytes};
  }
  bool was_stopped = stopped_by() != 0 && result.error().kind == ErrorKind::kStopped;
  return {
      .outcome = was_stopped || reader_has_gone(result.error()) ? Outcome::kStopped : Outcome::kFailed,
      .failure = was_stopped ? fmt::format("stopped by SIG{}", ::sigabbrev_np(stopped_by())) : result.error().message};
}

Result<void> RunSession::write_books(const Accounting& accounting) {
  if (accounting.records_bad + accounting.groups_bad == 0) folder_.remove_bad_records();
  TRY(bad_records_.commit());
  return folder_.write(accounting);
}

void RunSession::say(const Accounting& accounting, const Result<RunResult>& result) {
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
  print_previous_result(accounting);
  print_to_stderr(view::accounting_text(accounting, {.color = has_color(), .quiet = line_.quiet}));
}

}  // namespace quern::app
