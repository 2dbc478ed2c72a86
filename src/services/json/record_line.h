#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/job.h"
#include "services/json/flat_record.h"
#include "services/json/json_reader.h"

namespace quern::json {

// Returns where the record of a keyed line starts, which is not empty; npos if the line has no key.
std::size_t record_start(std::string_view line);

// Reads lines that are records, `json` or `keyed-json`, as the modules' harness does. A line of white space is not a
// record. In a keyed line, the key ends at the first TAB or space; a line that begins with { or [ has no key. Not
// thread-safe.
class RecordLineReader {
 public:
  enum class Outcome { kRecord, kBlank, kBad };

  // `plan` is borrowed. `are_flat`: the lines are records as FlatRecordReader reads them, which is quicker.
  RecordLineReader(const Plan& plan, RecordKind kind, bool are_flat = false);

  // `line` is without its '\n', which must follow it in memory. If the plan copies, appends the key, its separator and
  // the reduced record to `copy`; appends nothing if the line is not a valid record.
  Outcome read(std::string_view line, Buffer& copy);
  // The captures of the record; valid until the next read().
  const std::vector<Capture>& captures() const { return is_flat_ ? flat_->captures() : reader_.captures(); }
  // Why the line is bad, in one line of text.
  const std::string& reason() const { return reason_; }

 private:
  Outcome bad(std::string_view line, std::size_t record_start);

  const bool is_keyed_;
  const bool copies_;
  JsonReader reader_;
  std::optional<FlatRecordReader> flat_;  // only if the lines are flat records and nothing is copied
  bool is_flat_ = false;                  // whether flat_ has read the last one
  std::string reason_;
};

}  // namespace quern::json
