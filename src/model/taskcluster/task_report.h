#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/accounting.h"

// task.json: what one task of a job leaves beside its parts (docs/formats/task-report.md). Pure functions.

namespace quern {

// What tasks call what they leave, beside parts of several reducers ("result.txt.3.zst", "part.3.zst").
inline constexpr const char* kResultName = "result.txt";  // of the file itself; stored, it has the ending as well
inline constexpr const char* kStoredEnding = ".zst";
inline constexpr const char* kReportName = "task.json";
inline constexpr const char* kBadRecordsName = "bad_records.txt";
inline constexpr const char* kAccountingName = "result.json";
// What a task ends with that may succeed if it is done again: EX_TEMPFAIL of sysexits.h. onExitStatus.retry lists it.
inline constexpr int kTransientStatus = 75;

enum class TaskKind { kMap, kMerge, kReduce, kCollect };
std::string_view name_of(TaskKind kind);  // "map", "merge", "reduce", "collect"
std::optional<TaskKind> task_kind_of(std::string_view name);

// What a part is made of. The first is for people and other programs, the others are for tasks of the same job
// (docs/formats/part.md).
enum class PartForm { kText, kPairs, kStates };
std::string_view in_words(PartForm form);
// Of parts that this quern writes, and the only one that its tasks read.
inline constexpr std::uint64_t kPartVersion = 2;

// One file that a task left, as it is stored.
struct TaskPart {
  std::string name;  // "result.txt.zst", "result.txt.3.zst", "part.3.zst"
  std::uint64_t bytes = 0;
  std::string sha256;               // hexadecimal
  std::uint64_t decoded_bytes = 0;  // of its content
  PartForm form = PartForm::kText;
  std::uint64_t version = kPartVersion;
};

struct TaskReport {
  TaskKind kind = TaskKind::kMap;
  std::string quern_version;
  std::vector<TaskPart> parts;  // in order of the partitions
  // Of this task and of all that it merged; of several reduces, that of partition 0 has what the maps account for. So
  // what the final task needs adds up to the whole job, as its own does.
  Accounting accounting;
};

std::string task_report_json(const TaskReport& report);
// kBadInput, naming the field that is missing or wrong.
Result<TaskReport> parse_task_report(std::string_view text);

// Adds what another task accounts for: numbers and counters are added, failed inputs appended; a phase's times are
// added by name. `job`, `result`, `outcome`, `failure` and `elapsed` stay as they are.
void add_accounting(const Accounting& added, Accounting& sum);

}  // namespace quern
