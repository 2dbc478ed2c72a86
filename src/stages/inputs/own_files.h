#pragma once

#include <sys/stat.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "model/accounting.h"

namespace quern::inputs {

// Files that quern itself writes or has written: the results, accountings, bad records and logs that stand where a run
// leaves its own. No pattern and no folder means them, and the run must not replace anything else that it reads. Known
// by identity, so that it does not matter how they are named.
class OwnFiles {
 public:
  struct File {
    std::string role;        // "result", "log": what the run writes there; "" if nothing
    bool is_querns = false;  // quern has written what is there now
  };
  // Of a path where there is not a regular file nothing is kept.
  void add(const std::string& path, File file);
  // None: it is not one of them.
  const File* find(const struct stat& status) const;
  // kBadConfig if the run would replace the file at `path` ("the filter Filter.json"), which it reads.
  Result<void> check(std::string_view what, const std::string& path) const;

 private:
  std::map<std::pair<dev_t, ino_t>, File> files_;
};

// An input of this name, which is also one of those: the run would replace it, or write to it.
Error replaced(std::string_view what, const OwnFiles::File& file);

// The accounting of a run; none: there is no file of that name, or it is something else.
std::optional<Accounting> accounting_at(const std::string& path);
// Whether the file is what every run leaves next to its result: a result.json that is an accounting, or a
// bad_records.txt with bad records. Reads it if it has one of these names.
bool is_left_by_a_run(const std::string& path);

// What Hadoop, Spark and Delta Lake put next to data: not data, or the same data once more.
bool is_bookkeeping(std::string_view name);
// The same of an object, by any part of its key.
bool is_in_bookkeeping(std::string_view key);

}  // namespace quern::inputs
