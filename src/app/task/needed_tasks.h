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
#include "services/taskcluster/credentials.h"

// The tasks that a merge, reduce or collect task needs, and what they left. All block.

namespace quern::app {

// A run that has completed; a later one of the same task may have other artifacts.
struct CompletedRun {
  std::string task_id;
  int run_id = 0;
};

// The completed runs of these tasks, in their order. One request for each thousand. Where some have not completed, an
// error that names them, with what they say of why.
Result<std::vector<CompletedRun>> completed_runs(TaskPeer& peer, const std::vector<std::string>& task_ids,
                                                 const std::string& artifact_prefix, const std::stop_token& stop);

struct NeededTask {
  CompletedRun run;
  TaskReport report;
  std::vector<TaskPart> parts;     // the wanted ones
  std::vector<std::string> paths;  // of their files, which are what the report says
  std::string bad_records;         // the path of its bad_records.txt; "" if there is none, or it is not wanted
};

struct FetchParts {
  const taskcluster::Access& access;
  std::string artifact_prefix;
  std::string folder;  // each task's files go to a folder in it that has the task's id as its name
  std::vector<CompletedRun> runs;
  std::function<std::vector<std::string>(std::size_t task)> wanted;  // names of parts
  PartForm form = PartForm::kText;                                   // of these parts
  bool wants_bad_records = false;
};
// Fetches what these runs left, limits::kPartDownloads of them at a time. A part that is not what its report says is
// fetched once more. kNotFound: a part or a report is missing or damaged; the message names the task, and how it is run
// again. kBadInput: a part is not of the form or version that is wanted.
Result<std::vector<NeededTask>> fetch_parts(const FetchParts& fetch, EventSink& events, const std::stop_token& stop);

}  // namespace quern::app
