#pragma once

#include <string>

namespace quern {

// A path into the records that a setting of the job names, and whether any record has something there.
struct WantedPath {
  std::string setting;  // "mapper.key", "mapper.value", "fields" or "where"
  std::string path;     // as the job has it
  bool is_found = false;
  // Of one that was not found:
  std::string nearest;       // the path of the first record that is most likely meant, or ""
  std::string first_record;  // some paths that the first record has
  bool operator==(const WantedPath&) const = default;
};

}  // namespace quern
