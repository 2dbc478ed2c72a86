#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "model/accounting.h"
#include "model/event.h"
#include "model/groups.h"
#include "model/taskcluster/task_report.h"

namespace quern::output {

// The destination of the result: a file that appears once it is complete, or standard output. Not thread-safe. If the
// reader of standard output is gone, writing fails with kStopped (SIGPIPE must be ignored).
class ResultTarget : public ByteSink {
 public:
  // A `path` of "-" means standard output. Fails immediately if the path cannot be written. If the path ends as .gz,
  // .zst or .xz, or as these and a number (.gz.0), what is written is compressed; size_bytes() is then the size of the
  // file so far.
  static Result<std::unique_ptr<ResultTarget>> make(const std::string& path);
  // Makes the targets `path`.0 and so on. Only those written to since their last rest() keep a file descriptor.
  static Result<std::vector<std::unique_ptr<ResultTarget>>> make_parts(const std::string& path, std::size_t count);
  virtual std::uint64_t size_bytes() const = 0;
  // Announces that nothing is written for a while.
  virtual Result<void> rest() { return {}; }
  // Writes what waits for the end of the result. Call it before commit(), while an earlier result is still there.
  virtual Result<void> finish() { return {}; }
  virtual Result<void> commit() = 0;
};

// Writes the reduced output of a single reducer directly to the result.
std::unique_ptr<ReducedSink> make_direct_sink(ResultTarget& target);

// The output of N reducers. Each writes to a part file in `folder`; merge() then writes all parts to the result in key
// order, in bounded memory. For a key that occurs in several parts, the order is that of the parts.
class PartedOutput {
 public:
  static std::unique_ptr<PartedOutput> make(std::string folder, std::size_t parts);
  virtual ~PartedOutput() = default;
  // Each part's sink belongs to one thread and must be destroyed before merge(), which also reports an error of its
  // last write. Requesting a part's sink again restarts that part from the beginning.
  virtual Result<std::unique_ptr<ReducedSink>> sink(std::size_t part) = 0;
  // Writes the merged parts to `target`, then removes them. Blocks.
  virtual Result<void> merge(ResultTarget& target) = 0;
};

// The same for one reducer whose part is merged by another process (docs/formats/part.md).
std::unique_ptr<ReducedSink> make_keyed_sink(ResultTarget& target);
// Merges such parts as PartedOutput does. Fails with kBadInput, naming the file, if one is truncated or is not a part.
Result<void> merge_part_files(const std::vector<std::string>& paths, ResultTarget& target);

// Compresses the file at `path` with zstd, with a checksum, to `folder`/`name`, which appears by rename. Blocks.
Result<TaskPart> compress_part(const std::string& path, const std::string& folder, const std::string& name);

// bad_records.txt (docs/formats/bad-records.md): for each bad record a line `# file:line: reason`, then the record
// verbatim. If it cannot be written, the add() that notices it fails; after that nothing is added, and no file
// appears. Thread-safe for add().
class BadRecordFile {
 public:
  static std::unique_ptr<BadRecordFile> make(std::string path);
  virtual ~BadRecordFile() = default;
  virtual Result<void> add(std::string_view file, std::uint64_t line, std::string_view reason,
                           std::string_view record) = 0;
  // Makes the file appear, if there was a record.
  virtual Result<void> commit() = 0;
};

// Writes result.json (docs/formats/result-json.md) by rename.
Result<void> write_accounting(const Accounting& accounting, const std::string& path);

}  // namespace quern::output
