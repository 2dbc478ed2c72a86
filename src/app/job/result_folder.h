#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/command_line.h"
#include "base/result.h"
#include "model/accounting.h"
#include "model/job.h"
#include "stages/inputs/own_files.h"

namespace quern::app {

// Where a result, and what belongs to it, is written: as named, so relative to the working folder.
struct ResultPaths {
  std::vector<std::string> results;  // none: standard output
  std::string accounting;            // "" if there is none
  std::string bad_records;
  std::string log = {};  // "" if there is none
};
// A warning if the name of a result says that it is compressed, which results are not.
std::optional<std::string> compression_warning(const std::string& output);

// Of `count` results: `output` alone, or output.0 to output.N-1. "-" is standard output.
ResultPaths result_paths(const std::string& output, std::size_t count);

// The folder that a result comes to, and what earlier runs left there, as their result.json says. Looks at the disk
// when it is made. Main thread.
class ResultFolder {
 public:
  explicit ResultFolder(ResultPaths paths);

  const ResultPaths& paths() const { return paths_; }
  // kBadConfig if two of the files would be one, or one would replace what the job reads: the job file, a script or an
  // argument that is a file, the manifest, the filter, a key.
  Result<void> check(const Job& job, const CommandLine& line) const;
  const inputs::OwnFiles& own_files() const { return own_; }
  // Before the first of several files gets its name: takes away result.json, which comes back after the last one, and
  // results of this name that an earlier run left and this one does not replace. So neither passes for this run's.
  Result<void> make_way() const;
  // Names of results of this name that are there, that no result.json tells of, and that this run does not replace.
  std::vector<std::string> strangers() const;
  // Says in an accounting which files of quern's are in the folder and, if there is no result, which one is still
  // there.
  void describe(Accounting& accounting) const;
  // A bad_records.txt of an earlier run, which would be taken for this one's.
  void remove_bad_records() const;
  // result.json. An error after the result has its name says that.
  Result<void> write(const Accounting& accounting) const;

 private:
  std::string path_of(const std::string& name) const;
  void find_own_files();
  bool is_of_this_name(const std::string& name) const;

  const ResultPaths paths_;
  std::string folder_;                // "" or ending with '/'
  std::string base_;                  // of the result, without a number; "" for standard output
  std::vector<std::string> earlier_;  // names of what earlier runs left here
  bool has_accounting_ = false;
  inputs::OwnFiles own_;
};

}  // namespace quern::app
