#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/json/condition.h"
#include "services/json/path.h"
#include "services/json/path_watch.h"

namespace quern::json {

// Which records a job processes, and which parts of them its mapper gets.
struct Selection {
  std::vector<Path> fields;  // empty: the whole record
  std::vector<Condition> where;
  PathWatch* watch = nullptr;  // watches the paths of `where`, then those of `fields`; may be nullptr; borrowed
  bool is_all() const { return fields.empty() && where.empty(); }
};

// Parses the job's `fields` and `where`. kBadConfig names the setting and the problem.
Result<Selection> parse_selection(const std::vector<std::string>& fields, std::string_view where_json);

}  // namespace quern::json
