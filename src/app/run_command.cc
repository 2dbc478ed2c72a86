#include "app/run_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/accountant.h"
#include "app/bad_records.h"
#include "app/input_opener.h"
#include "app/load_job.h"
#include "app/local_run.h"
#include "app/loss_policy.h"
#include "app/map_phase.h"
#include "app/map_task.h"
#include "app/reduce_task.h"
#include "app/remote_access.h"
#include "app/run_inputs.h"
#include "app/signals.h"
#include "app/tee.h"
#include "base/fd.h"
#include "model/accounting_json.h"
#include "services/credentials/core_dumps.h"
#include "services/process/interpreter.h"
#include "stages/output/output.h"
#include "views/json/json_view.h"
#include "views/terminal/view.h"

namespace quern::app {
namespace {

constexpr int kStatusFailed = 1;
constexpr int kStatusBadConfig = 2;

int status_of(const Error& error) { return error.kind == ErrorKind::kBadConfig ? kStatusBadConfig : kStatusFailed; }

void print_to_stderr(const std::string& text) { static_cast<void>(write_all(Fd(::dup(STDERR_FILENO)), text).ok()); }

view::TerminalOptions terminal_options(const CommandLine& line) {
  auto options = view::choose_terminal_options(STDERR_FILENO, ::isatty(STDERR_FILENO) == 1, std::getenv);
  options.quiet = line.quiet;
  options.verbose = line.verbose;
  return options;
}

// Where what belongs to a result is written.
struct ResultPaths {
  std::string result;      // as the job says; "-" is standard output
  std::string accounting;  // "" if there is none
  std::string bad_records;
};

ResultPaths result_paths(const Job& job) {
  if (job.output == "-") return {.result = "-", .accounting = "", .bad_records = "bad_records.txt"};
  std::filesystem::path folder = std::filesystem::path(job.output).parent_path();
  return {.result = job.output,
          .accounting = (folder / "result.json").string(),
          .bad_records = (folder / "bad_records.txt").string()};
}

Result<LocalRunResult> run_command_of(CommandLine::Command command, const LocalRun& run) {
  if (command == CommandLine::Command::kMap) return run_map_task(run);
  if (command == CommandLine::Command::kReduce) return run_reduce_task(run);
  return run_locally(run);
}

// The parts of one run, in the order in which they depend on each other.
class RunSession {
 public:
  RunSession(const CommandLine& line, const Job& job)
      : line_(line),
        job_(job),
        paths_(result_paths(job)),
        remote_(line),
        accountant_(inputs_),
        policy_(
            job.limits, inputs_.inputs,
            [this](InputOrdinal input) { return verify_input(inputs_.inputs, decode_options(job_), input); }, stop_),
        bad_file_(output::BadRecordFile::make(paths_.bad_records)),
        bad_records_(*bad_file_, inputs_, policy_) {}

  Result<int> run();

 private:
  Result<void> open_views();
  Result<void> list_inputs();
  Accounting close(const Result<LocalRunResult>& result);
  Result<void> write_books(const Accounting& accounting);
  void say(const Accounting& accounting, const Result<LocalRunResult>& result);
  void emit(const event::Event& event) { Tee(sinks_).emit(event); }
  std::function<std::string(InputOrdinal)> input_name() {
    return [this](InputOrdinal input) { return inputs_.inputs[input].name; };
  }

  const CommandLine& line_;
  const Job& job_;
  const ResultPaths paths_;
  RemoteAccess remote_;
  InputList inputs_;
  std::unique_ptr<InputSupply> supply_;
  std::stop_source stop_;
  Accountant accountant_;
  LossPolicy policy_;
  std::unique_ptr<output::BadRecordFile> bad_file_;
  BadRecords bad_records_;
  Fd log_file_;
  std::unique_ptr<EventSink> view_;
  std::unique_ptr<view::JsonView> json_;
  std::unique_ptr<view::JsonView> log_;
  std::vector<EventSink*> sinks_;
  std::unique_ptr<Signals> signals_;
};

Result<int> RunSession::run() {
  TRY(open_views());
  TRY_ASSIGN(signals_, Signals::listen(stop_, [this](int) {
               emit(event::Note{event::Level::kWarning, "stopping; press Ctrl-C again to end at once"});
             }));
  TRY(list_inputs());
  Tee events(sinks_);
  TRY_ASSIGN(supply_, remote_.supply(inputs_, job_.downloads, events, stop_.get_token()));
  const LocalRun local{.job = job_,
                       .inputs = inputs_,
                       .supply = *supply_,
                       .output = paths_.result,
                       .scratch_parent = line_.scratch,
                       .events = events,
                       .policy = policy_,
                       .stop = stop_};
  auto result = run_command_of(line_.command, local);
  Accounting accounting = close(result);
  auto written = write_books(accounting);
  say(accounting, result);
  TRY(std::move(written));
  if (!result.ok() && result.error().kind == ErrorKind::kBadConfig) return kStatusBadConfig;
  if (accounting.outcome == Outcome::kStopped) return 128 + signals_->stopped_by();
  return exit_status(accounting);
}

Result<void> RunSession::open_views() {
  if (line_.json) {
    json_ = view::make_json_view({.fd = STDERR_FILENO, .input_name = input_name()});
    sinks_.push_back(json_.get());
  } else {
    auto options = terminal_options(line_);
    options.input_name = input_name();
    view_ = view::make_terminal_view(std::move(options));
    sinks_.push_back(view_.get());
  }
  if (!line_.log.empty()) {
    TRY_ASSIGN(log_file_, open_file(line_.log, O_WRONLY | O_CREAT | O_APPEND));
    log_ = view::make_json_view({.fd = log_file_.number(), .input_name = input_name()});
    sinks_.push_back(log_.get());
  }
  // The policy comes last: what stops the run is shown before it does.
  for (EventSink* sink : {static_cast<EventSink*>(&accountant_), static_cast<EventSink*>(&bad_records_),
                          static_cast<EventSink*>(&policy_)}) {
    sinks_.push_back(sink);
  }
  return {};
}

Result<void> RunSession::list_inputs() {
  emit(event::PhaseStarted{event::Phase::kInputs});
  auto start = std::chrono::steady_clock::now();
  TRY_ASSIGN(inputs_, list_run_inputs(job_, line_, remote_.peers(), stop_.get_token()));
  event::RunStarted started{.job = std::filesystem::path(job_.folder).filename().string(),
                            .inputs = inputs_.inputs.size(),
                            .processes = processes_of(job_)};
  for (const Input& input : inputs_.inputs) started.stored_bytes += input.stored_bytes;
  emit(started);
  for (const std::string& note : inputs_.notes) emit(event::Note{event::Level::kInfo, note});
  emit(event::PhaseEnded{event::Phase::kInputs, std::chrono::steady_clock::now() - start});
  return {};
}

Accounting RunSession::close(const Result<LocalRunResult>& result) {
  view_.reset();  // the live display goes before anything else is written
  if (result.ok()) {
    return accountant_.finish(
        {.outcome = Outcome::kDone, .result = paths_.result, .result_bytes = result.value().result_bytes});
  }
  bool was_stopped = signals_->stopped_by() != 0 && result.error().kind == ErrorKind::kStopped;
  return accountant_.finish(
      {.outcome = was_stopped ? Outcome::kStopped : Outcome::kFailed,
       .failure = was_stopped ? fmt::format("stopped by signal {}", signals_->stopped_by()) : result.error().message});
}

Result<void> RunSession::write_books(const Accounting& accounting) {
  if (accounting.records_bad + accounting.groups_bad == 0) {
    // One that an earlier run left would be taken for this run's.
    std::error_code ignored;
    std::filesystem::remove(paths_.bad_records, ignored);
  }
  bad_records_.flush();
  TRY(bad_file_->commit());
  if (paths_.accounting.empty()) return {};
  return output::write_accounting(accounting, paths_.accounting);
}

void RunSession::say(const Accounting& accounting, const Result<LocalRunResult>& result) {
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
  bool color = terminal_options(line_).style.color;
  if (!result.ok() && accounting.outcome == Outcome::kFailed) {
    print_to_stderr(view::error_text(result.error(), color));
  }
  if (!line_.quiet) print_to_stderr(view::accounting_text(accounting, color));
}

// A job has a map half and a reduce half if it has one step; and only one result can go to standard output.
Result<void> check_for(const Job& job, CommandLine::Command command) {
  using Command = CommandLine::Command;
  auto refused = [&](std::string_view reason) {
    return Error{.kind = ErrorKind::kBadConfig, .message = fmt::format("{}: {}", job.file, reason)};
  };
  std::size_t results = command == Command::kMap ? map_results(job) : command == Command::kRun ? run_results(job) : 1;
  if (job.output == "-" && results > 1) {
    return refused("with several reducers there are several results, which cannot all go to standard output");
  }
  if (command == Command::kRun) return {};
  if (command == Command::kReduce && !job.steps.front().reducer.has_value()) {
    return refused("it has no reducer, so there is nothing to do for quern reduce");
  }
  if (job.steps.size() > 1) return refused("a job with `steps` is done by quern run, not in two halves");
  return {};
}

int print_error(const Error& error, const CommandLine& line) {
  print_to_stderr(view::error_text(error, terminal_options(line).style.color));
  return status_of(error);
}

}  // namespace

int run_command(const CommandLine& line) {
  Signals::block();
  // What a child's environment lacks, it must not find in quern's own, in /proc/PID/environ.
  std::optional<credentials::NoCoreDumps> no_core_dumps;
  if (process::environment_has_secrets()) no_core_dumps.emplace();
  auto loaded = load_job(line.job, line.settings);
  if (!loaded.ok()) return print_error(loaded.error(), line);
  const Job& job = loaded.value().file.job;
  if (auto checked = check_job(job); !checked.ok()) return print_error(checked.error(), line);
  if (auto checked = check_for(job, line.command); !checked.ok()) return print_error(checked.error(), line);
  auto status = RunSession(line, job).run();
  return status.ok() ? status.value() : print_error(status.error(), line);
}

int check_command(const CommandLine& line) {
  auto loaded = load_job(line.job, line.settings);
  if (!loaded.ok()) return print_error(loaded.error(), line);
  std::string text = describe(loaded.value().file);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (auto checked = check_job(loaded.value().file.job); !checked.ok()) return print_error(checked.error(), line);
  return 0;
}

}  // namespace quern::app
