#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "model/input.h"
#include "model/wanted_path.h"
#include "services/json/condition.h"
#include "services/json/json_reader.h"
#include "services/json/path.h"
#include "services/json/walk_plan.h"

namespace quern::json {

// Finds out which of the paths that a job names any record has. Thread-safe; does not lock once all paths have been
// found.
class PathWatch {
 public:
  explicit PathWatch(std::vector<WantedPath> paths);

  // Whether every path has been found, so that nothing is left to look for.
  bool is_over() const { return missing_.load(std::memory_order_relaxed) == 0; }
  // The position of a record; lines are counted from 1.
  struct Place {
    InputOrdinal input;
    std::uint64_t line;
  };
  // `record` is a line of which `captures` were read; their numbers are positions in the list of paths. Thread-safe;
  // records may come in any order.
  void look(const std::vector<Capture>& captures, const Place& place, std::string_view record);
  // Returns which paths were found, and for each other path what the first record has instead. Empty if there was no
  // record. Call it after the last look().
  std::vector<WantedPath> outcome();

 private:
  std::vector<WantedPath> paths_;
  std::vector<std::atomic<bool>> found_;
  std::atomic<std::size_t> missing_;
  std::atomic<std::uint64_t> first_place_ = UINT64_MAX;  // that of first_, if any; readable without a lock
  Guarded<std::string> first_;                           // the first record of the first input that has one
};

// Which records a job processes, and which parts of them its mapper gets.
struct Selection {
  std::vector<Path> fields;  // empty: the whole record
  std::vector<Condition> where;
  PathWatch* watch = nullptr;  // watches the paths of `where`, then those of `fields`; may be nullptr; borrowed
  bool is_all() const { return fields.empty() && where.empty(); }
};

// What is read of each record: copies of `fields`, and the values at the paths of `where`, numbered in their order.
Wanted wanted_of(const Selection& selection);

// Parses the job's `fields` and `where`. kBadConfig names the setting and the problem.
Result<Selection> parse_selection(const std::vector<std::string>& fields, std::string_view where_json);

}  // namespace quern::json
