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

enum class TaskKind { kMap, kMerge, kReduce, kCollect };
std::string_view name_of(TaskKind kind);  // "map", "merge", "reduce", "collect"
std::optional<TaskKind> task_kind_of(std::string_view name);

// One file that a task left, as it is stored.
struct TaskPart {
  std::string name;  // "result.txt.zst", "result.txt.3.zst", "part.3.zst"
  std::uint64_t bytes = 0;
  std::string sha256;               // hexadecimal
  std::uint64_t decoded_bytes = 0;  // of its content
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
