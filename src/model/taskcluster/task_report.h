#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/accounting.h"

// task.json: the report that a task of a job publishes together with its parts (docs/formats/task-report.md). Pure
// functions.

namespace quern {

// The names of a task's outputs, except the parts for several reducers ("result.txt.3.zst", "part.3.zst").
inline constexpr const char* kResultName = "result.txt";  // the file itself; as stored it also has the extension
inline constexpr const char* kStoredEnding = ".zst";
inline constexpr const char* kReportName = "task.json";
inline constexpr const char* kBadRecordsName = "bad_records.txt";
inline constexpr const char* kAccountingName = "result.json";
// The exit status of a task that may succeed if repeated: EX_TEMPFAIL in sysexits.h. onExitStatus.retry lists it.
inline constexpr int kTransientStatus = 75;

enum class TaskKind { kMap, kMerge, kReduce, kCollect };
std::string_view name_of(TaskKind kind);  // "map", "merge", "reduce", "collect"
std::optional<TaskKind> task_kind_of(std::string_view name);

// The content of a part. The first form is for people and other programs; the others are for tasks of the same job
// (docs/formats/part.md).
enum class PartForm { kText, kPairs, kStates };
std::string_view in_words(PartForm form);
// The version of the parts that this quern writes, and the only one that its tasks read.
inline constexpr std::uint64_t kPartVersion = 2;

// One file that a task published, as stored.
struct TaskPart {
  std::string name;  // "result.txt.zst", "result.txt.3.zst", "part.3.zst"
  std::uint64_t bytes = 0;
  std::string sha256;               // hexadecimal
  std::uint64_t decoded_bytes = 0;  // of its decoded content
  PartForm form = PartForm::kText;
  std::uint64_t version = kPartVersion;
};

struct TaskReport {
  TaskKind kind = TaskKind::kMap;
  std::string quern_version;
  std::vector<TaskPart> parts;  // in partition order
  // Covers this task and everything that it merged. If there are several reduce tasks, that of partition 0 includes the
  // accounting of the maps, so that the accountings that the final task reads, and its own, add up to the whole job.
  Accounting accounting;
};

std::string task_report_json(const TaskReport& report);
// kBadInput, naming the field that is missing or wrong.
Result<TaskReport> parse_task_report(std::string_view text);

// Adds the accounting of another task: numbers and counters are added, failed inputs appended, and the times of phases
// added by name. `job`, `result`, `outcome`, `failure` and `elapsed` do not change.
void add_accounting(const Accounting& added, Accounting& sum);

}  // namespace quern
