#include "app/task/needed_tasks.h"

#include <fmt/format.h>

#include <utility>

#include "app/group/results.h"
#include "services/disk/files.h"

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

}  // namespace quern::app
