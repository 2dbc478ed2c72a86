#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/cli/console.h"
#include "app/cli/signals.h"
#include "app/commands.h"
#include "app/job/load_job.h"
#include "app/job/result_folder.h"
#include "app/job/run_inputs.h"
#include "app/notify/notice.h"
#include "app/notify/owner_mail.h"
#include "app/run/halves.h"
#include "app/run/module_loaders.h"
#include "app/run/run.h"
#include "app/run/run_session.h"
#include "app/run/suggested_fields.h"
#include "app/task/task_command.h"
#include "app/task/task_environment.h"
#include "base/environment.h"
#include "services/credentials/core_dumps.h"
#include "services/process/interpreter.h"
#include "services/s3/address.h"

namespace quern::app {
namespace {

using Command = CommandLine::Command;

Result<RunResult> run_command_of(Command command, const Run& run) {
  if (command == Command::kMap) {
    Run own = run;
    own.gives.only_plain = true;
    return run_map_task(own);
  }
  if (command == Command::kReduce) return run_reduce_task(run);
  return run_job(run);
}

// Only a job of one step has a map half and a reduce half; and standard output can take only one result.
Result<void> check_for(const Job& job, const CommandLine& line) {
  const Command command = line.command;
  auto refused = [&](std::string_view reason) { return bad_config(fmt::format("{}: {}", job.file, reason)); };
  std::size_t results = command == Command::kMap ? map_results(job) : command == Command::kRun ? run_results(job) : 1;
  if (const char* reason = reason_for_one_result(job.output); reason != nullptr && results > 1) {
    return refused(fmt::format("with several reducers {}", reason));
  }
  const Worker& mapper = job.steps.front().mapper;
  const bool have_parts = job.format.has_value() ? has_parts(*job.format) : job.record != RecordKind::kText;
  const bool gives_records =
      mapper.module.has_value() && mapper.module->interface == Interface::kFunction && have_parts;
  if (line.suggest_fields && !gives_records) {
    return refused(
        "--suggest-fields is for a mapper in Python or JavaScript with the interface function, and JSON records");
  }
  const bool reads_whole = mapper.module.has_value() && mapper.module->interface == Interface::kFiles;
  if (job.limits.records.has_value() && reads_whole && command != Command::kReduce) {
    return refused("limits.records is for records, and a mapper with the interface files reads whole inputs by itself");
  }
  if (command == Command::kRun) return {};
  if (command == Command::kReduce && !job.steps.front().reducer.has_value()) {
    return refused("it has no reducer, so there is nothing to do for quern reduce");
  }
  if (mapper.builtin.has_value() && mapper.builtin->columns.empty() && mapper.builtin->keys.size() > 1) {
    return refused(
        "a half writes text, and a key of several paths could not be cut from it; use quern run, or group "
        "and aggregate");
  }
  if (job.steps.size() > 1) return refused("a job with `steps` is done by quern run, not in two halves");
  return {};
}

// Returns nothing if the command is not that of a task: it does not run in one, or has files to reduce.
Result<std::optional<TaskEnvironment>> task_of(const CommandLine& line) {
  bool may_be_one = line.command == Command::kMap || (line.command == Command::kReduce && line.inputs.empty());
  std::optional<TaskEnvironment> found;
  if (may_be_one) {
    TRY_ASSIGN(found, read_task_environment(std::getenv));  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  }
  if (found.has_value() || !(line.merge || line.collect)) return found;
  return bad_config(
      fmt::format("reduce: {} is for tasks of a job on Taskcluster, and takes no files; there "
                  "QUERN_ARTIFACTS is set",
                  line.merge ? "--merge" : "--collect"));
}

std::string folder_name(const Job& job) { return std::filesystem::path(job.folder).filename().string(); }

// Describes where a person finds the result.
std::string result_place(const Job& job, const Accounting& accounting) {
  if (accounting.result.empty() || accounting.result == "-") return "";
  if (s3::is_s3_url(accounting.result)) return accounting.result;
  std::error_code ignored;
  std::string path = std::filesystem::absolute(accounting.result, ignored).string();
  if (run_results(job) > 1) path += fmt::format(".0 to .{}", run_results(job) - 1);
  return fmt::format("{} on {}", path, host_name());
}

// Only the command that runs the whole job notifies its owner.
class RunMail {
 public:
  RunMail(RunSession& session, const CommandLine& line, const Job& job) : session_(session), job_(job) {
    if (line.command != Command::kRun) return;
    mail_.emplace(job, std::getenv, say());  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  }
  // `failure` is why there is no result, or none that counts; nullptr if there is one.
  void send(Accounting accounting, const Error* failure) {
    if (!mail_.has_value()) return;
    const bool has_failed_since = failure != nullptr && accounting.failure.empty();
    if (has_failed_since) {
      accounting.outcome = Outcome::kFailed;
      accounting.failure = failure->message;
    }
    const std::string name = folder_name(job_);
    const NoticeFacts facts{.owner = job_.owner,
                            .job = name,
                            .accounting = accounting,
                            .details = failure == nullptr ? "" : failure->details,
                            .place = failure == nullptr ? result_place(job_, accounting) : ""};
    mail_->send(facts, session_.stopped_by(), session_.late_stop(), say());
  }

 private:
  OwnerMail::Say say() {
    return [this](event::Level level, const std::string& text) { session_.events().emit(event::Note{level, text}); };
  }

  RunSession& session_;
  const Job& job_;
  std::optional<OwnerMail> mail_;
};

// Whatever else is shown: it was asked for. With --json, each line is an event.
void say_fields(const std::string& text, const CommandLine& line, RunSession& session) {
  if (line.json) {
    session.events().emit(event::Note{event::Level::kInfo, text});
  } else {
    print_to_stderr(text);
  }
}

Result<int> run_session(const CommandLine& line, const Job& job) {
  RunSession session(line, job);
  if (auto opened = session.open(); !opened.ok()) {
    if (opened.error().kind != ErrorKind::kBadConfig) TRY(session.write_books(session.close(opened.error())));
    return std::move(opened).error();
  }
  RunMail mail(session, line, job);
  auto list = [&] {
    return list_run_inputs(job, line, session.remote().peers(session.events()), &session.folder().own_files(),
                           session.stop());
  };
  auto listed = session.list_inputs(list, [&] { return folder_name(job); });
  if (!listed.ok() && listed.error().kind == ErrorKind::kBadConfig) {
    // Nothing was run, so the accounting of an earlier run is kept.
    mail.send(session.close(listed.error()), &listed.error());
    return std::move(listed).error();
  }
  Result<RunResult> result = RunResult();
  SuggestedFields fields;
  if (listed.ok()) {
    result = session.work([&](Run run) {
      if (line.suggest_fields) run.suggested_fields = &fields;
      return run_command_of(line.command, run);
    });
  } else {
    result = std::move(listed).error();
  }
  Accounting accounting = session.close(result);
  auto written = session.write_books(accounting);
  mail.send(accounting, !result.ok() ? &result.error() : !written.ok() ? &written.error() : nullptr);
  session.say(accounting, result);
  if (line.suggest_fields && result.ok()) say_fields(fields.text(!job.fields.empty()), line, session);
  TRY(std::move(written));
  return exit_status(accounting);
}

}  // namespace

int run_command(const CommandLine& line) {
  // Secrets that children do not get in their environment must not be readable in quern's own, in /proc/PID/environ.
  std::optional<credentials::NoCoreDumps> no_core_dumps;
  if (process::environment_has_secrets()) no_core_dumps.emplace();
  auto task = task_of(line);
  if (!task.ok()) return print_error(task.error());
  if (task.value().has_value()) return task_command(line, *task.value());
  auto loaded = load_job(line);
  if (!loaded.ok()) return print_error(loaded.error());
  const Job& job = loaded.value().file.job;
  if (auto checked = check_job(job); !checked.ok()) return print_error(checked.error());
  if (auto checked = check_for(job, line); !checked.ok()) return print_error(checked.error());
  auto status = run_session(line, job);
  return status.ok() ? status.value() : print_error(status.error());
}

int check_command(const CommandLine& line) {
  auto loaded = load_job(line);
  if (!loaded.ok()) return print_error(loaded.error());
  const int status = print_and_end(describe(loaded.value().file));
  const Job& job = loaded.value().file.job;
  if (auto checked = check_job(job); !checked.ok()) return print_error(checked.error());
  return interruptible([&](const std::stop_token& stop) {
    const auto loaded_all = load_modules(job, line.scratch, stop);
    return loaded_all.ok() || stop.stop_requested() ? status : print_error(loaded_all.error());
  });
}

}  // namespace quern::app
