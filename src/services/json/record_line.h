#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/job.h"
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

  // `plan` is borrowed.
  RecordLineReader(const Plan& plan, RecordKind kind)
      : is_keyed_(kind == RecordKind::kKeyedJson), copies_(plan.copies()), reader_(plan) {}

  // `line` is without its '\n', which must follow it in memory. If the plan copies, appends the key, its separator and
  // the reduced record to `copy`; appends nothing if the line is not a valid record.
  Outcome read(std::string_view line, Buffer& copy);
  // The captures of the record; valid until the next read().
  const std::vector<Capture>& captures() const { return reader_.captures(); }
  // Why the line is bad, in one line of text.
  const std::string& reason() const { return reason_; }

 private:
  Outcome bad(std::string_view line, std::size_t record_start);

  const bool is_keyed_;
  const bool copies_;
  JsonReader reader_;
  std::string reason_;
};

}  // namespace quern::json
