#pragma once

#include <set>
#include <string>

#include "base/guarded.h"
#include "services/process/module_messages.h"

namespace quern::app {

// Collects which parts of records the mappers of a run read (quern run --suggest-fields). Thread-safe.
class SuggestedFields {
 public:
  void add(const process::FieldsRead& fields);
  // Returns what to tell the user, in lines: the line `fields: [...]` for the job file, if there is one. `has_fields`:
  // the job has such a line already, so that the mappers saw no more than it lets through.
  std::string text(bool has_fields);

 private:
  struct Seen {
    std::set<std::string> read;
    std::set<std::string> reached;
  };
  Guarded<Seen> seen_;
};

}  // namespace quern::app
