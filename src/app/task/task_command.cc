#include "app/task/task_command.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/command_line.h"
#include "app/cli/console.h"
#include "app/job/load_job.h"
#include "app/job/run_inputs.h"
#include "app/remote/task_peer.h"
#include "app/run/halves.h"
#include "app/run/run.h"
#include "app/run/run_session.h"
#include "app/task/final_task.h"
#include "app/task/needed_tasks.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "model/limits.h"
#include "model/result_shape.h"
#include "services/archive/job_pack.h"
#include "services/disk/files.h"
#include "services/taskcluster/names.h"
#include "stages/output/output.h"

namespace quern::app {
namespace {

constexpr const char* kJobFolder = "job";
constexpr const char* kPartsFolder = "mapperOutput";

int task_status_of(const Error& error) { return error.kind == ErrorKind::kRetry ? kTransientStatus : status_of(error); }

TaskKind kind_of(const CommandLine& line, const Job& job) {
  if (line.command == CommandLine::Command::kMap) return TaskKind::kMap;
  if (line.merge) return TaskKind::kMerge;
  bool has_nothing_to_reduce = job.steps.size() == 1 && !job.steps.front().reducer.has_value();
  return line.collect || has_nothing_to_reduce ? TaskKind::kCollect : TaskKind::kReduce;
}

// Whether the job has several reducers, each of which is a task.
bool is_parted(const Job& job) { return map_results(job) > 1; }

Result<void> check_partition(const TaskEnvironment& environment, TaskKind kind, const Job& job) {
  const std::optional<std::size_t>& partition = environment.partition;
  bool is_right = is_parted(job) == partition.has_value() && partition.value_or(0) < job.reducers;
  if (kind != TaskKind::kReduce || is_right) return {};
  return bad_config(
      fmt::format("QUERN_PARTITION is {}, and {} has {} reducers; it names the one that a reduce "
                  "task of several is for",
                  partition.has_value() ? std::to_string(*partition) : "not set", job.file, job.reducers));
}

Result<Job> load_task_job(const CommandLine& line, const TaskEnvironment& environment) {
  std::optional<std::string> from = line.job;
  if (!environment.pack.empty()) {
    disk::remove_folder(kJobFolder);
    TRY(disk::make_folders(kJobFolder));
    TRY(archive::unpack_folder(environment.pack, kJobFolder, limits::kMaxJobFolderBytes).context("QUERN_JOB"));
    from = kJobFolder;
  }
  TRY_ASSIGN(LoadedJob loaded, load_job(from, line));
  Job job = std::move(loaded.file.job);
  TRY(check_job(job));
  // Other tasks know the parts by this name.
  job.output = kResultName;
  return job;
}

Result<void> write_report(const TaskReport& report, const std::string& artifacts) {
  TRY(disk::make_folders(artifacts));
  TRY_ASSIGN(auto file, disk::AtomicFile::create(artifacts + "/" + kReportName));
  TRY(file->write(task_report_json(report)));
  return file->commit();
}

Result<void> append_file(const std::string& path, ByteSink& target) {
  TRY_ASSIGN(Fd file, open_file(path, O_RDONLY));
  Buffer buffer;
  buffer.resize(limits::kReadBytes);
  while (true) {
    auto count = read_some(file, {buffer.data(), buffer.size()});
    if (!count.ok()) return std::move(count).error().with_context("reading " + path);
    if (count.value() == 0) return {};
    TRY(target.write({buffer.data(), count.value()}));
  }
}

class Task {
 public:
  Task(const CommandLine& line, const TaskEnvironment& environment, const Job& job)
      : line_(line),
        environment_(environment),
        job_(job),
        kind_(kind_of(line, job)),
        name_(std::filesystem::path(job.folder).filename().string()),
        session_(line, job) {}

  int run();

 private:
  Result<RunResult> prepare_and_work();
  Result<InputList> list();
  Result<void> find_needed_tasks();
  Result<std::vector<std::string>> needed_task_ids();
  std::vector<std::string> wanted_parts(std::size_t task) const;
  InputList parts_as_inputs() const;
  Result<RunResult> work(const Run& run);
  std::vector<std::string> results() const;
  Result<void> leave_parts();
  Accounting account(Accounting own);
  Result<void> leave(const Accounting& accounting, const Result<RunResult>& result);
  Result<void> leave_bad_records();
  FinalOutcome outcome(const Accounting& accounting, const Error* failure) const;
  void tell(Accounting accounting, const Error* failure);
  bool will_run_again(const Error& failure);

  // Whether this task adds up the accounting of the tasks it needs. If several reduce tasks need the same maps, only
  // one of them does so.
  bool adds_up() const { return environment_.partition.value_or(0) == 0; }
  // The maps of a map-only job leave lines of the result, unless these are ordered or formatted; others leave pairs for
  // other tasks.
  PartForm mapped_form() const {
    const Step& first = job_.steps.front();
    if (job_.steps.size() == 1 && !first.reducer.has_value() && !needs_cells(job_)) return PartForm::kText;
    return leaves_states(first) ? PartForm::kStates : PartForm::kPairs;
  }
  PartForm left_form() const {
    return kind_ == TaskKind::kMap || kind_ == TaskKind::kMerge ? mapped_form() : PartForm::kText;
  }
  bool keeps_parts() const { return job_.keep_parts && is_parted(job_); }

  const CommandLine& line_;
  const TaskEnvironment& environment_;
  const Job& job_;
  const TaskKind kind_;
  std::string name_;
  RunSession session_;
  std::optional<taskcluster::Access> access_;
  std::optional<UtcTime> begun_;  // when the job began, if this task ends it
  std::vector<NeededTask> needed_;
  Accounting sum_;  // of the needed tasks
  bool has_own_bad_records_ = false;
  std::vector<TaskPart> parts_;
};

int Task::run() {
  Result<RunResult> result = prepare_and_work();
  Accounting accounting = account(session_.close(result));
  if (accounting.outcome == Outcome::kFailed) accounting.ended_with = task_status_of(result.error());
  auto left = leave(accounting, result);
  if (environment_.is_final) tell(accounting, !result.ok() ? &result.error() : !left.ok() ? &left.error() : nullptr);
  session_.say(accounting, result);
  if (!left.ok()) {
    print_error(left.error());
    return task_status_of(left.error());
  }
  if (result.ok()) return 0;
  return exit_status(accounting);
}

Result<RunResult> Task::prepare_and_work() {
  TRY(session_.open());
  TRY(check_partition(environment_, kind_, job_));
  TRY(session_.list_inputs([this] { return list(); }, [this] { return name_; }));
  return session_.work([this](const Run& run) -> Result<RunResult> {
    TRY_ASSIGN(RunResult done, work(run));
    TRY(leave_parts());
    return done;
  });
}

Result<InputList> Task::list() {
  if (kind_ == TaskKind::kMap) {
    return list_run_inputs(job_, line_, session_.remote().peers(session_.events()), &session_.folder().own_files(),
                           session_.stop());
  }
  TRY(find_needed_tasks());
  if (adds_up()) {
    for (const NeededTask& task : needed_) add_accounting(task.report.accounting, sum_);
  }
  if (environment_.is_final) {
    session_.policy().carry(sum_.records_bad + sum_.groups_bad, sum_.inputs_failed);
    if (auto failure = session_.policy().failure(); failure.has_value()) return Error(*failure);
  }
  return parts_as_inputs();
}

Result<void> Task::find_needed_tasks() {
  TRY_ASSIGN(access_, taskcluster::access_of(std::getenv));  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  TRY_ASSIGN(auto task_ids, needed_task_ids());
  TRY_ASSIGN(auto peer, TaskPeer::make(*access_));
  // Determined before anything can fail, as the owner is notified of failures as well.
  if (environment_.is_final) begun_ = begin_of_job(*peer, task_ids, session_.stop());
  const std::string& prefix = environment_.artifact_prefix;
  TRY_ASSIGN(auto runs, completed_runs(*peer, task_ids, prefix, session_.stop()));
  disk::remove_folder(kPartsFolder);
  FetchParts fetch{.access = *access_,
                   .artifact_prefix = prefix,
                   .folder = kPartsFolder,
                   .runs = std::move(runs),
                   .wanted = [this](std::size_t task) { return wanted_parts(task); },
                   .form = kind_ == TaskKind::kCollect && is_parted(job_) ? PartForm::kText : mapped_form(),
                   .wants_bad_records = adds_up()};
  TRY_ASSIGN(needed_, fetch_parts(fetch, session_.events(), session_.stop()));
  return {};
}

Result<std::vector<std::string>> Task::needed_task_ids() {
  if (environment_.task_id.empty()) {
    if (!environment_.input_task_ids.empty()) return environment_.input_task_ids;
    return bad_config(
        "there is neither INPUT_TASK_IDS, for the tasks whose results are to be reduced, nor TASK_ID, "
        "whose dependencies they are; name files, as in quern reduce part1.txt part2.txt");
  }
  TRY_ASSIGN(auto peer, TaskPeer::make(*access_));
  TRY_ASSIGN(auto own, peer->queue().task(environment_.task_id, session_.stop()));
  if (auto tag = own.tags.find("quern-job"); tag != own.tags.end()) name_ = tag->second;
  if (!environment_.input_task_ids.empty()) return environment_.input_task_ids;
  if (!own.dependencies.empty()) return own.dependencies;
  return bad_config("the task has no dependencies and INPUT_TASK_IDS is not set, so there is nothing to reduce");
}

std::vector<std::string> Task::wanted_parts(std::size_t task) const {
  auto stored = [](const std::string& name) { return name + kStoredEnding; };
  switch (kind_) {
    case TaskKind::kMap:
      break;
    case TaskKind::kMerge: {
      std::vector<std::string> names;
      for (const std::string& name : results()) names.push_back(stored(name));
      return names;
    }
    case TaskKind::kReduce:
      if (environment_.partition.has_value())
        return {stored(fmt::format("{}.{}", kResultName, *environment_.partition))};
      return {stored(kResultName)};
    case TaskKind::kCollect:
      if (keeps_parts()) return {};
      return {is_parted(job_) ? stored(fmt::format("part.{}", task)) : stored(kResultName)};
  }
  return {};
}

// Those of the first partition in the order of the tasks, then those of the second, and so on.
InputList Task::parts_as_inputs() const {
  InputList list;
  const std::size_t partitions = needed_.empty() ? 0 : needed_.front().paths.size();
  for (std::size_t partition = 0; partition < partitions; ++partition) {
    for (const NeededTask& task : needed_) {
      const std::string& path = task.paths[partition];
      list.inputs.append({.name = path, .path = path, .stored_bytes = task.parts[partition].bytes});
    }
  }
  return list;
}

// The files that this task writes.
std::vector<std::string> Task::results() const {
  switch (kind_) {
    case TaskKind::kMap:
    case TaskKind::kMerge: {
      if (!is_parted(job_)) return {kResultName};
      std::vector<std::string> names;
      for (std::size_t i = 0; i < job_.reducers; ++i) names.push_back(fmt::format("{}.{}", kResultName, i));
      return names;
    }
    case TaskKind::kReduce:
      if (!environment_.partition.has_value()) return {kResultName};
      return {fmt::format("{}.{}", keeps_parts() ? kResultName : "part", *environment_.partition)};
    case TaskKind::kCollect:
      break;
  }
  return keeps_parts() ? std::vector<std::string>() : std::vector<std::string>{kResultName};
}

Result<RunResult> Task::work(const Run& run) {
  if (kind_ == TaskKind::kCollect) {
    if (!keeps_parts()) return run_collect_task(run);
    RunResult kept;
    for (const NeededTask& task : needed_) kept.result_bytes += task.report.accounting.result_bytes;
    return kept;
  }
  Run own = run;
  own.reads_text = false;
  own.gives.is_text = left_form() == PartForm::kText;
  if (kind_ == TaskKind::kMap) return run_map_task(own);
  if (kind_ == TaskKind::kMerge) return run_merge_task(own, results().size());
  own.output = results().front();
  return environment_.partition.has_value() && !keeps_parts() ? run_partition_task(own) : run_reduce_task(own);
}

Result<void> Task::leave_parts() {
  TRY(disk::make_folders(environment_.artifacts));
  for (const std::string& name : results()) {
    TRY_ASSIGN(TaskPart part, output::compress_part(name, environment_.artifacts, name + kStoredEnding));
    part.form = left_form();
    parts_.push_back(std::move(part));
  }
  return {};
}

// The inputs of a reduce task are results of other tasks, not inputs of the job: those tasks account for the job's
// inputs.
Accounting Task::account(Accounting own) {
  own.job = name_;
  has_own_bad_records_ = own.records_bad + own.groups_bad > 0;
  if (kind_ == TaskKind::kMap) return own;
  own.inputs_found = own.inputs_mapped = own.inputs_failed = own.inputs_skipped = 0;
  own.found_bytes = own.stored_bytes = own.decoded_bytes = 0;
  own.failed_inputs.clear();
  Accounting total = sum_;
  add_accounting(own, total);
  total.outcome = own.outcome;
  total.ended_with = own.ended_with;
  if (own.outcome == Outcome::kDone || own.outcome == Outcome::kDoneWithLosses) {
    total.outcome = has_losses(total) ? Outcome::kDoneWithLosses : Outcome::kDone;
  }
  total.job = std::move(own.job);
  total.quern_version = std::move(own.quern_version);
  total.command = std::move(own.command);
  total.host = std::move(own.host);
  total.result = std::move(own.result);
  total.failure = std::move(own.failure);
  total.result_bytes = own.result_bytes;
  total.elapsed = own.elapsed;
  const UtcTime now = std::chrono::system_clock::now();
  if (begun_.has_value() && now > *begun_) total.elapsed = now - *begun_;
  return total;
}

Result<void> Task::leave(const Accounting& accounting, const Result<RunResult>& result) {
  TRY(disk::make_folders(environment_.artifacts));
  TRY(session_.write_books(accounting));
  TRY(leave_bad_records());
  if (environment_.is_final) {
    TRY(output::write_accounting(accounting, environment_.artifacts + "/" + kAccountingName));
  }
  // Written last, because it declares that everything else is there.
  TaskReport report{.kind = kind_, .quern_version = std::string(kQuernVersion), .accounting = accounting};
  if (result.ok()) report.parts = parts_;
  return write_report(report, environment_.artifacts);
}

// Collects the bad records of all tasks that this one adds up, in the order of the inputs, then its own.
Result<void> Task::leave_bad_records() {
  std::vector<std::string> paths;
  for (const NeededTask& task : needed_) {
    if (!task.bad_records.empty()) paths.push_back(task.bad_records);
  }
  if (has_own_bad_records_) paths.push_back(session_.folder().paths().bad_records);
  if (paths.empty()) return {};
  TRY_ASSIGN(auto file, disk::AtomicFile::create(environment_.artifacts + "/" + kBadRecordsName));
  for (const std::string& path : paths) TRY(append_file(path, *file));
  return file->commit();
}

FinalOutcome Task::outcome(const Accounting& accounting, const Error* failure) const {
  FinalOutcome outcome{.job = job_,
                       .accounting = accounting,
                       .failure = failure,
                       .job_name = name_,
                       .task_url = "",
                       .result = "",
                       .result_url = ""};
  if (!access_.has_value() || environment_.task_id.empty()) return outcome;
  outcome.task_url = taskcluster::run_page(access_->root_url, environment_.task_id, environment_.run_id.value_or(0));
  if (failure != nullptr || parts_.empty()) return outcome;
  outcome.result = environment_.artifact_name(parts_.front().name);
  outcome.result_url =
      taskcluster::artifact_url(access_->root_url, environment_.task_id, environment_.run_id, outcome.result);
  return outcome;
}

// Notifies the owner at the end of the job.
void Task::tell(Accounting accounting, const Error* failure) {
  // If a worker stops its tasks, they run again elsewhere; and a user who cancels a task knows about it.
  if (accounting.outcome == Outcome::kStopped) return;
  if (failure != nullptr && will_run_again(*failure)) return;
  if (failure != nullptr && accounting.failure.empty()) {
    accounting.outcome = Outcome::kFailed;
    accounting.failure = failure->message;
  }
  tell_owner(outcome(accounting, failure), session_.events(), session_.late_stop());
}

// Whether this is not the end of the job, because the task gets another run.
bool Task::will_run_again(const Error& failure) {
  if (task_status_of(failure) != kTransientStatus || !access_.has_value() || environment_.task_id.empty()) return false;
  auto peer = TaskPeer::make(*access_);
  if (!peer.ok()) return false;
  auto status = peer.value()->queue().status(environment_.task_id, session_.late_stop());
  // If that cannot be determined, one mail too many is better than none.
  return status.ok() && status.value().retries_left > 0;
}

// A task that cannot even read its job leaves a report as well.
int leave_failure(const CommandLine& line, const TaskEnvironment& environment, const Error& error) {
  bool is_map = line.command == CommandLine::Command::kMap;
  TaskReport report{.kind = is_map       ? TaskKind::kMap
                            : line.merge ? TaskKind::kMerge
                                         : TaskKind::kReduce,
                    .quern_version = std::string(kQuernVersion)};
  report.accounting.failure = error.message;
  print_error(error);
  if (auto written = write_report(report, environment.artifacts); !written.ok()) print_error(written.error());
  return task_status_of(error);
}

}  // namespace

int task_command(const CommandLine& line, const TaskEnvironment& environment) {
  auto job = load_task_job(line, environment);
  if (!job.ok()) return leave_failure(line, environment, job.error());
  return Task(line, environment, job.value()).run();
}

}  // namespace quern::app
