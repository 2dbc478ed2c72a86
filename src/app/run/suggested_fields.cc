#include "app/run/suggested_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "job_file/job_file_values.h"

namespace quern::app {
namespace {

// As the harnesses count them (modules/harness.py, WatchedFields).
constexpr std::string_view kGroup = "fields read";
constexpr std::string_view kWholeRecord = "(whole record)";

}  // namespace

std::string suggested_fields(const std::map<std::pair<std::string, std::string>, std::int64_t>& counters) {
  std::vector<std::string> read;
  // In byte order, so that a path precedes those below it.
  for (const auto& [counter, times] : counters) {
    const auto& [group, path] = counter;
    if (group != kGroup) continue;
    if (path == kWholeRecord) return "the mapper reads whole records, so fields would save nothing";
    auto holds = [&path = path](const std::string& whole) { return path.starts_with(whole + "."); };
    if (std::none_of(read.begin(), read.end(), holds)) read.push_back(path);
  }
  if (read.empty()) return "the mapper read nothing of the records that were watched, so no fields can be suggested";
  return fmt::format(
      "of the first 1000 records of each process the mapper read only a part; with this line in the job file it gets "
      "nothing else, and is faster, if it reads no more of others:\nfields: {}",
      job_file::yaml_list(read));
}

}  // namespace quern::app
