#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/json/condition.h"
#include "services/json/path.h"
#include "services/json/path_watch.h"

namespace quern::json {

// Which records of a job count, and what of them its mapper gets.
struct Selection {
  std::vector<Path> fields;  // none: the whole record
  std::vector<Condition> where;
  PathWatch* watch = nullptr;  // of the paths of `where` and then `fields`, if anybody wants to know; borrowed
  bool is_all() const { return fields.empty() && where.empty(); }
};

// From the job's `fields` and `where`. kBadConfig names the setting and what is wrong with it.
Result<Selection> parse_selection(const std::vector<std::string>& fields, std::string_view where_json);

}  // namespace quern::json
