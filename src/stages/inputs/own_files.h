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

// Files that quern itself writes or has written: the results, accountings, bad records and logs at the places where a
// run leaves its own. Patterns and folders never include them, and the run must not replace anything else that it
// reads. Files are compared by device and inode, so it does not matter how they are named.
class OwnFiles {
 public:
  struct File {
    std::string role;        // what the run writes there ("result", "log"); "" if nothing
    bool is_querns = false;  // quern wrote the file that is there now
  };
  // Remembers the file at `path`. Does nothing if there is no regular file.
  void add(const std::string& path, File file);
  // The object that the result becomes; `url` is s3://bucket/key.
  void set_object(std::string url) { object_ = std::move(url); }
  bool is_object(std::string_view url) const { return url == object_; }
  // Returns nullptr if it is not one of them.
  const File* find(const struct stat& status) const;
  // Fails with kBadConfig if the run would replace the file at `path`, which it reads; `what` describes it ("the filter
  // Filter.json").
  Result<void> check(std::string_view what, const std::string& path) const;

 private:
  std::map<std::pair<dev_t, ino_t>, File> files_;
  std::string object_;  // "" if there is none
};

// The error for an input that is also one of those files: the run would replace it or write to it.
Error replaced(std::string_view what, const OwnFiles::File& file);

// Returns the accounting of a run; nothing if there is no file of that name, or it is something else.
std::optional<Accounting> accounting_at(const std::string& path);
// Whether the file is one that every run leaves next to its result: a result.json that is an accounting, or a
// bad_records.txt with bad records. Reads the file if it has one of these names.
bool is_left_by_a_run(const std::string& path);

// Files that Hadoop, Spark and Delta Lake write next to data. They are not data, or repeat the same data.
bool is_bookkeeping(std::string_view name);
// The same for an object, by any part of its key.
bool is_in_bookkeeping(std::string_view key);

}  // namespace quern::inputs
