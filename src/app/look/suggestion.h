#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/look/format.h"
#include "services/json/record_profile.h"

namespace quern::app {

// Paths that a first job over some records can use.
struct Suggestion {
  // Has few distinct values, which are texts or whole numbers, to group by. Absent: nullptr.
  const json::ProfiledPath* key = nullptr;
  // Has numbers to add up. Absent: nullptr.
  const json::ProfiledPath* number = nullptr;
};

// `plain`: only paths that lead to one value in a record, without [*]. Borrows the paths.
Suggestion suggest(const std::vector<json::ProfiledPath>& paths, std::uint64_t records, bool plain);

// What names the inputs in a job file.
struct JobInputs {
  std::vector<std::string> inputs;
  std::string manifest = {};  // "" if not given
};

// The lines of a job that groups by the key with built-in workers, over these inputs; without a key, only the lines
// about inputs and records.
std::string job_lines(const Format& format, const Suggestion& suggestion, const JobInputs& named);

// The words that name these inputs for quern init --from; "" if they are too many, or come from a manifest.
std::string from_words(const JobInputs& named);

}  // namespace quern::app
