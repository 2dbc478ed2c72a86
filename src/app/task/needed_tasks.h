#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/remote/task_peer.h"
#include "base/result.h"
#include "model/event.h"
#include "model/taskcluster/task_report.h"
#include "services/taskcluster/client_credentials.h"

// The tasks that a merge, reduce or collect task needs, and their output. All functions block.

namespace quern::app {

// A completed run of a task. A later run of the same task may have other artifacts.
struct CompletedRun {
  std::string task_id;
  int run_id = 0;
};

// Returns the completed runs of these tasks, in order, with one request per thousand. If some have not completed, the
// error names them and gives their reasons.
Result<std::vector<CompletedRun>> completed_runs(TaskPeer& peer, const std::vector<std::string>& task_ids,
                                                 const std::string& artifact_prefix, const std::stop_token& stop);

struct NeededTask {
  CompletedRun run;
  TaskReport report;
  std::vector<TaskPart> parts;     // the requested ones
  std::vector<std::string> paths;  // of their files, which match the report
  std::string bad_records;         // the path of its bad_records.txt; "" if there is none, or it is not requested
};

struct FetchParts {
  const taskcluster::Access& access;
  std::string artifact_prefix;
  std::string folder;  // each task's files go to a subfolder named after the task's id
  std::vector<CompletedRun> runs;
  std::function<std::vector<std::string>(std::size_t task)> wanted;  // returns the names of the parts to fetch
  PartForm form = PartForm::kText;                                   // the required form of these parts
  bool wants_bad_records = false;
};
// Fetches the output of these runs, limits::kPartDownloads of them at a time. A part that does not match its report is
// fetched once more. kNotFound if a part or a report is missing or damaged; the message names the task and explains how
// to run it again. kBadInput if a part does not have the required form or version.
Result<std::vector<NeededTask>> fetch_parts(const FetchParts& fetch, EventSink& events, const std::stop_token& stop);

}  // namespace quern::app
