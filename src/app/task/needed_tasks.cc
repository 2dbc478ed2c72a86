#include "app/task/needed_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "app/group/results.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "services/taskcluster/names.h"

namespace quern::app {
namespace {

bool has_bad_records(const Accounting& accounting) { return accounting.records_bad + accounting.groups_bad > 0; }

class PartFetch {
 public:
  PartFetch(const FetchParts& fetch, EventSink& events) : fetch_(fetch), events_(events) {}

  Result<std::vector<NeededTask>> run(const std::stop_token& stop) {
    tasks_.resize(fetch_.runs.size());
    auto work = [this](TaskPeer& peer, std::size_t i, const std::stop_token& stop_one) -> Result<void> {
      tasks_[i].run = fetch_.runs[i];
      auto fetched = fetch_task(peer, i, stop_one);
      return fetched.ok() ? fetched : explain(peer, std::move(fetched).error(), tasks_[i].run, stop_one);
    };
    TRY(for_each_task(fetch_.access, tasks_.size(), work, stop));
    return std::move(tasks_);
  }

 private:
  Result<void> fetch_task(TaskPeer& peer, std::size_t index, const std::stop_token& stop) {
    NeededTask& task = tasks_[index];
    const results::Source source{
        .task_id = task.run.task_id, .run_id = task.run.run_id, .prefix = fetch_.artifact_prefix};
    TRY_ASSIGN(task.report, lost(results::read_report(peer.api(), source, stop)));
    const std::string folder = fetch_.folder + "/" + task.run.task_id;
    TRY(disk::make_folders(folder));
    for (const std::string& name : fetch_.wanted(index)) {
      TRY_ASSIGN(TaskPart part, part_named(name, task.report));
      TRY(check_form(part, task.report));
      task.paths.push_back(folder + "/" + name);
      TRY(lost(results::fetch_part(peer.api(), source, part, task.paths.back(), stop)));
      task.parts.push_back(std::move(part));
    }
    if (fetch_.wants_bad_records && has_bad_records(task.report.accounting)) {
      TRY_ASSIGN(task.bad_records, fetch_bad_records(peer, source, folder, stop));
    }
    return {};
  }

  // The result does not depend on them, so they may be missing: then the path is "".
  Result<std::string> fetch_bad_records(TaskPeer& peer, const results::Source& source, const std::string& folder,
                                        const std::stop_token& stop) {
    std::string path = folder + "/" + kBadRecordsName;
    TRY_ASSIGN(auto file, disk::AtomicFile::create(path));
    auto fetched = results::fetch_file(peer.api(), source, kBadRecordsName, *file, stop);
    if (fetched.ok()) {
      TRY(file->commit());
      return path;
    }
    if (fetched.error().kind != ErrorKind::kNotFound) return std::move(fetched).error();
    events_.emit(event::Note{event::Level::kWarning, fmt::format("task {} has no {}, though it had bad records",
                                                                 source.task_id, kBadRecordsName)});
    return std::string();
  }

  static Result<TaskPart> part_named(const std::string& name, const TaskReport& report) {
    for (const TaskPart& part : report.parts) {
      if (part.name == name) return part;
    }
    return not_found(fmt::format("it completed without its part {}", name));
  }

  // Reading text as pairs, or pairs as text, would produce another result.
  Result<void> check_form(const TaskPart& part, const TaskReport& report) const {
    auto refused = [&](auto has, auto needs) {
      return bad_input(
          fmt::format("its part {} holds {}, as quern {} wrote it, and this quern needs {}; submit the job again",
                      part.name, has, report.quern_version, needs));
    };
    if (part.form != fetch_.form) return refused(in_words(part.form), in_words(fetch_.form));
    if (part.version == kPartVersion) return {};
    return refused(fmt::format("{} in version {} of their form", in_words(part.form), part.version),
                   fmt::format("version {}", kPartVersion));
  }

  // Treats damaged data like missing data.
  template <typename T>
  static Result<T> lost(Result<T> outcome) {
    if (outcome.ok() || outcome.error().kind != ErrorKind::kBadInput) return outcome;
    Error error = std::move(outcome).error();
    error.kind = ErrorKind::kNotFound;
    return error;
  }

  // Names the task as people know it; by its id if the queue does not return its name.
  static Error explain(TaskPeer& peer, Error error, const CompletedRun& run, const std::stop_token& stop) {
    auto definition = peer.queue().task(run.task_id, stop);
    if (!definition.ok()) {
      return std::move(error).with_context(fmt::format("task {}, run {}", run.task_id, run.run_id));
    }
    if (error.kind == ErrorKind::kNotFound && error.details.empty()) {
      error.message += fmt::format("; to run it again:  quern retry {}", definition.value().task_group_id);
    }
    return std::move(error).with_context(
        fmt::format("{} ({}, run {})", definition.value().name, run.task_id, run.run_id));
  }

  const FetchParts& fetch_;
  EventSink& events_;
  std::vector<NeededTask> tasks_;  // each is written by one thread
};

}  // namespace

Result<std::vector<NeededTask>> fetch_parts(const FetchParts& fetch, EventSink& events, const std::stop_token& stop) {
  return PartFetch(fetch, events).run(stop);
}

namespace {

using taskcluster::TaskRun;
using taskcluster::TaskState;
using taskcluster::TaskStatus;

// A task that has not completed, described for people.
struct UnfinishedTask {
  std::string task_id;
  std::string name;    // from its definition; "" if that no longer exists
  std::string state;   // "failed", "exception", "running", "not there"
  std::string reason;  // "canceled", ...; "" if there is none
  std::string cause;   // from the task's own task.json; "" if there is none
  std::string log_url;
};

class Unfinished {
 public:
  Unfinished(TaskPeer& peer, std::string prefix, const std::stop_token& stop)
      : peer_(peer), prefix_(std::move(prefix)), stop_(stop) {}

  // `status` is nullptr for a task that does not exist.
  UnfinishedTask explain(const std::string& task_id, const TaskStatus* status, bool is_shown) {
    const std::string& root = peer_.api().access().root_url;
    UnfinishedTask task{.task_id = task_id, .state = "not there", .log_url = taskcluster::task_page(root, task_id)};
    if (status == nullptr) return task;
    task.state = taskcluster::name_of(status->state);
    if (is_shown) {
      auto definition = peer_.queue().task(task_id, stop_);
      if (definition.ok()) task.name = definition.value().name;
    }
    if (status->runs.empty()) return task;
    const TaskRun& run = status->runs.back();
    task.reason = run.reason_resolved;
    task.log_url = taskcluster::run_page(root, task_id, run.run_id);
    if (is_shown && status->is_resolved()) {
      task.cause = cause_of(task_id, run.run_id);
    }
    return task;
  }

 private:
  // The report of a failed run explains best why it failed, but may not exist.
  std::string cause_of(const std::string& task_id, int run_id) {
    auto report = results::read_report(peer_.api(), {.task_id = task_id, .run_id = run_id, .prefix = prefix_}, stop_);
    return report.ok() ? report.value().accounting.failure : "";
  }

  TaskPeer& peer_;
  const std::string prefix_;
  const std::stop_token stop_;
};

// "os-count: map 3/7 (fOF8...) failed: data/x.gz ...; its log: https://..."
std::string line_about(const UnfinishedTask& task) {
  std::string line = task.name.empty() ? "task " + task.task_id : fmt::format("{} ({})", task.name, task.task_id);
  if (task.state == "exception") {
    line += " ended with an exception";
  } else if (task.state == "failed") {
    line += " failed";
  } else {
    line += " is " + task.state;
  }
  if (!task.reason.empty() && task.reason != task.state) line += fmt::format(" ({})", task.reason);
  if (!task.cause.empty()) line += ": " + task.cause;
  return line + "; its log: " + task.log_url;
}

Error not_completed(const std::vector<UnfinishedTask>& unfinished, std::size_t needed) {
  Error error{.kind = ErrorKind::kChildFailed};
  error.message = fmt::format("{} of the {} tasks that this one needs {} not completed: {}", unfinished.size(), needed,
                              unfinished.size() == 1 ? "has" : "have", line_about(unfinished.front()));
  for (std::size_t i = 1; i < std::min(unfinished.size(), limits::kListedFailures); ++i) {
    error.details += line_about(unfinished[i]) + "\n";
  }
  if (unfinished.size() > limits::kListedFailures) {
    error.details += fmt::format("and {} more\n", unfinished.size() - limits::kListedFailures);
  }
  return error;
}

}  // namespace

Result<std::vector<CompletedRun>> completed_runs(TaskPeer& peer, const std::vector<std::string>& task_ids,
                                                 const std::string& artifact_prefix, const std::stop_token& stop) {
  TRY_ASSIGN(std::vector<TaskStatus> statuses, peer.queue().statuses(task_ids, stop));
  std::map<std::string, const TaskStatus*> by_id;
  for (const TaskStatus& status : statuses) by_id[status.task_id] = &status;
  Unfinished failures(peer, artifact_prefix, stop);
  std::vector<CompletedRun> runs;
  std::vector<UnfinishedTask> unfinished;
  for (const std::string& task_id : task_ids) {
    auto found = by_id.find(task_id);
    const TaskStatus* status = found == by_id.end() ? nullptr : found->second;
    if (status != nullptr && status->state == TaskState::kCompleted && !status->runs.empty()) {
      runs.push_back({.task_id = task_id, .run_id = status->runs.back().run_id});
      continue;
    }
    unfinished.push_back(failures.explain(task_id, status, unfinished.size() < limits::kShownFailures));
  }
  if (!unfinished.empty()) return not_completed(unfinished, task_ids.size());
  return runs;
}

}  // namespace quern::app
