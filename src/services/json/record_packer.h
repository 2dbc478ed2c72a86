#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "model/job.h"
#include "services/json/marshal_writer.h"

namespace quern::json {

// Packs lines that are records, `json` or `keyed-json`, for a child that is Python (docs/formats/child-protocol.md): in
// groups, each the size of its list in four bytes and the list, in the format of the marshal module. A list has two
// elements for each line: the record and its key, which is "" without one; or, if only Python can tell what the line
// is, the line's bytes and None. Not thread-safe.
class RecordPacker {
 public:
  explicit RecordPacker(RecordKind kind) : is_keyed_(kind == RecordKind::kKeyedJson) {}
  // Whether to pack the next unit, asked once for each: not if the last ones were little more than objects and arrays,
  // which Python builds from JSON as fast. Then 15 units are lines, and the next one is tried again.
  bool pays();
  // Appends the groups of `lines`, each of which ends with '\n'.
  void pack(std::string_view lines, Buffer& target);

 private:
  std::string_view pack_group(std::string_view lines, Buffer& target);
  void add(std::string_view line);

  const bool is_keyed_;
  MarshalWriter writer_;
  std::uint64_t packed_bytes_ = 0;       // since the last judgement
  std::uint64_t judged_containers_ = 0;  // all until then
  std::size_t skipped_units_ = 0;        // to come
};

// Lines with every kind of value, and how they are packed: a child that reads the one as the other can read packed
// records.
struct PackedSample {
  std::string lines;
  std::string packed;
};
PackedSample packed_sample();

}  // namespace quern::json
