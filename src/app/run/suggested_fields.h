#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace quern::app {

// What a run says that watched which parts of records its mapper reads (quern run --suggest-fields): the line `fields:
// [...]` for the job file, if there is one. `counters` are those of the run, by group and name; the mapper's children
// count paths in the group "fields read". Pure.
std::string suggested_fields(const std::map<std::pair<std::string, std::string>, std::int64_t>& counters);

}  // namespace quern::app
