#include "app/run/suggested_fields.h"

#include <fmt/format.h>

#include <vector>

#include "job_file/job_file_values.h"

namespace quern::app {
namespace {

// Whether the paths have one below this one.
bool has_below(const std::set<std::string>& paths, const std::string& path) {
  const auto next = paths.lower_bound(path + ".");
  return next != paths.end() && next->starts_with(path + ".");
}

// Whether the paths have one above this one.
bool has_above(const std::set<std::string>& paths, const std::string& path) {
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    if (paths.contains(path.substr(0, dot))) return true;
  }
  return false;
}

}  // namespace

void SuggestedFields::add(const process::FieldsRead& fields) {
  auto seen = seen_.lock();
  seen->read.insert(fields.read.begin(), fields.read.end());
  seen->reached.insert(fields.reached.begin(), fields.reached.end());
}

std::string SuggestedFields::text(bool has_fields) {
  auto seen = seen_.lock();
  if (seen->read.contains("")) {
    return has_fields ? "the mapper reads all that fields lets through\n"
                      : "the mapper reads whole records, so fields would save nothing\n";
  }
  std::set<std::string> needed = seen->read;
  for (const std::string& path : seen->reached) {
    if (!has_below(seen->read, path) && !has_below(seen->reached, path)) needed.insert(path);
  }
  std::vector<std::string> paths;
  for (const std::string& path : needed) {
    if (!has_above(needed, path)) paths.push_back(path);
  }
  if (paths.empty()) return "the mapper read nothing of the records that were watched, so no fields can be suggested\n";
  return fmt::format(
      "the mapper read only a part of the first 1000 records of each process. With this line in the job file it gets "
      "nothing else, and is faster; compare the results, because what it reads of other records, or through code that "
      "is not its own, may be missing:\nfields: {}\n",
      job_file::yaml_list(paths));
}

}  // namespace quern::app
