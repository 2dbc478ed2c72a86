#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/cli/command_line.h"
#include "base/result.h"
#include "model/accounting.h"
#include "model/job.h"
#include "stages/inputs/own_files.h"

namespace quern::app {

// Where a result and its accompanying files are written, with paths as given: relative to the working folder.
struct ResultPaths {
  std::vector<std::string> results;  // empty: standard output, or S3
  std::string accounting;            // "" if there is none
  std::string bad_records;
  std::string log = {};     // "" if there is none
  std::string object = {};  // s3://bucket/key; "" if the result goes to files or standard output
};

// kBadConfig if a result cannot go there: a URL other than s3://bucket/key, or a name such as result.bz2.
Result<void> check_place_of_result(const std::string& output);
// The file in which a result is kept that could not be uploaded.
inline constexpr const char* kNotUploadedName = "result.not-uploaded";
// Returns why several results cannot go there, or nullptr.
const char* reason_for_one_result(const std::string& output);

// Returns paths for `count` results: `output` alone, or output.0 to output.N-1. "-" is standard output. The
// files that accompany a result in S3 are in the working folder; standard output and devices have no accounting.
ResultPaths result_paths(const std::string& output, std::size_t count);

// The folder of a result, and what earlier runs left there according to their result.json. The constructor reads the
// disk. Main thread only.
class ResultFolder {
 public:
  explicit ResultFolder(ResultPaths paths);

  const ResultPaths& paths() const { return paths_; }
  // Fails with kBadConfig if two of the files would be the same, or one would replace something that the job reads: the
  // job file, a script or an argument that is a file, the manifest, the filter, a key.
  Result<void> check(const Job& job, const CommandLine& line) const;
  const inputs::OwnFiles& own_files() const { return own_; }
  // To be called before the first of several files gets its name: removes result.json, which is written again after the
  // last one, and results of this name that an earlier run left and this one does not replace. So neither is taken for
  // this run's.
  Result<void> make_way() const;
  // Returns the names of existing results of this name that no result.json lists and that this run does not replace.
  std::vector<std::string> strangers() const;
  // Records in an accounting which of quern's files are in the folder and, if there is no result, which earlier one
  // still exists.
  void describe(Accounting& accounting) const;
  // Removes a bad_records.txt of an earlier run, which would be taken for this one's.
  void remove_bad_records() const;
  // Writes result.json. If that fails although the result is in place, the error says so.
  Result<void> write(const Accounting& accounting) const;

 private:
  std::string path_of(const std::string& name) const;
  void find_own_files();
  bool is_of_this_name(const std::string& name) const;

  const ResultPaths paths_;
  std::string folder_;                // "" or ending with '/'
  std::string base_;                  // of the result, without a number; "" for standard output
  std::vector<std::string> earlier_;  // names of the files that earlier runs left here
  bool has_accounting_ = false;
  inputs::OwnFiles own_;
};

}  // namespace quern::app
