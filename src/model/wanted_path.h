#pragma once

#include <string>

namespace quern {

// A path into the records that a setting of the job names, and whether any record has a value there.
struct WantedPath {
  std::string setting;  // "mapper.key", "mapper.value", "group", "aggregate", "fields" or "where"
  std::string path;     // as written in the job
  bool is_found = false;
  // If it was not found:
  std::string nearest;       // the path in the first record that is most likely meant, or ""
  std::string first_record;  // some paths of the first record
  bool operator==(const WantedPath&) const = default;
};

}  // namespace quern
