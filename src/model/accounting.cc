#include "model/accounting.h"

#include <fmt/format.h>

namespace quern {
namespace {

std::string about(const WantedPath& path) {
  std::string text = fmt::format("no record has {} ({})", path.path, path.setting);
  if (!path.nearest.empty()) return text + fmt::format("; did you mean {}?", path.nearest);
  return path.first_record.empty() ? text : text + fmt::format("; the first record has {}", path.first_record);
}

std::string why_empty(const Accounting& accounting) {
  if (accounting.inputs_mapped == 0 && accounting.inputs_failed > 0) return "no input was read to its end";
  if (accounting.groups_bad > 0 && accounting.groups_reduced == 0) return "every group is bad";
  if (accounting.groups_reduced > 0) return "the reducer wrote nothing for any group";
  if (accounting.records_read == 0) return "no record was read";
  if (accounting.records_mapped == 0) return "every record is bad; quern look FILE shows the format of an input";
  if (accounting.records_dropped == accounting.records_mapped) return "where dropped every record";
  if (accounting.records_without_key + accounting.records_without_value > 0) {
    return accounting.records_dropped == 0 ? "no record has a key and a value"
                                           : "no record that where left has a key and a value";
  }
  return "the mapper wrote nothing for any record";
}

}  // namespace

std::vector<std::string> warnings_of(const Accounting& accounting) {
  std::vector<std::string> warnings;
  for (const WantedPath& path : accounting.paths) {
    if (!path.is_found) warnings.push_back(about(path));
  }
  if (accounting.groups_as_text > 0) {
    warnings.push_back(fmt::format("keys without any number were compared as text: {} in all, the first is '{}'",
                                   accounting.groups_as_text, accounting.first_as_text));
  }
  bool is_done = accounting.outcome == Outcome::kDone || accounting.outcome == Outcome::kDoneWithLosses;
  if (is_done && accounting.result_bytes == 0) warnings.push_back("the result is empty: " + why_empty(accounting));
  return warnings;
}

}  // namespace quern
