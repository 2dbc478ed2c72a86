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

// Where the result goes: a file that appears when it is complete, or standard output. Owned by one thread. Standard
// output whose reader has gone is a kStopped error (SIGPIPE must be ignored).
class ResultTarget : public ByteSink {
 public:
  // `path` "-" is standard output. A path that cannot be written is an error here already.
  static Result<std::unique_ptr<ResultTarget>> make(const std::string& path);
  // `path`.0 and so on, of which only those have a descriptor that were written to since their last rest().
  static Result<std::vector<std::unique_ptr<ResultTarget>>> make_parts(const std::string& path, std::size_t count);
  virtual std::uint64_t size_bytes() const = 0;
  // False where bytes are gone once they are written: standard output, a FIFO, a device.
  virtual bool can_take_back() const = 0;
  // Takes back everything from this offset on; false where that cannot be done.
  virtual Result<bool> take_back(std::uint64_t size_bytes) = 0;
  // Nothing more is written for a while.
  virtual Result<void> rest() { return {}; }
  virtual Result<void> commit() = 0;
};

// Writes reduced output of one reducer straight to the result.
std::unique_ptr<ReducedSink> make_direct_sink(ResultTarget& target);

// N reducers' outputs: each is written to a part file in `folder`; merge() then writes them to the result in key order,
// keys that stand in several parts in the order of the parts, in bounded memory.
class PartedOutput {
 public:
  static std::unique_ptr<PartedOutput> make(std::string folder, std::size_t parts);
  virtual ~PartedOutput() = default;
  // Each part's sink belongs to one thread and must be destroyed before merge(), which also reports what its last
  // write failed with. Asking for a part's sink again starts that part anew.
  virtual Result<std::unique_ptr<ReducedSink>> sink(std::size_t part) = 0;
  virtual Result<void> merge(ResultTarget& target) = 0;
};

// The same of one reducer whose part another process merges (docs/formats/part.md).
std::unique_ptr<ReducedSink> make_keyed_sink(ResultTarget& target);
// Merges such parts as PartedOutput does. kBadInput, naming the file, for one that ends too early or is none.
Result<void> merge_part_files(const std::vector<std::string>& paths, ResultTarget& target);

// Compresses the file at `path` to `folder`/`name`, where it appears by rename: zstd, with a checksum. Blocks.
Result<TaskPart> compress_part(const std::string& path, const std::string& folder, const std::string& name);

// bad_records.txt (docs/formats/bad-records.md): for each bad record a line `# file:line: reason`, then the record
// verbatim. They wait in a folder below `scratch_parent` (disk::ScratchFolder); the file appears by rename on commit().
// That it cannot be made is an error of the first add(). Any thread may add.
class BadRecordFile {
 public:
  // Where an entry lies among all.
  struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t size_bytes = 0;
  };
  static std::unique_ptr<BadRecordFile> make(std::string path, std::string scratch_parent);
  virtual ~BadRecordFile() = default;
  virtual Result<Extent> add(std::string_view file, std::uint64_t line, std::string_view reason,
                             std::string_view record) = 0;
  // Everything but these. Nothing happens if nothing is left.
  virtual Result<void> commit(std::vector<Extent> left_out) = 0;
};

// result.json: docs/formats/result-json.md. Written by rename.
Result<void> write_accounting(const Accounting& accounting, const std::string& path);

}  // namespace quern::output
