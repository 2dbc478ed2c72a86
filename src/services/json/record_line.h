#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/job.h"
#include "services/json/json_reader.h"

namespace quern::json {

// Reads lines that are records, `json` or `keyed-json`, as the modules' harness does: blank lines are none, and a keyed
// line has its key in front of its first TAB or blank unless it begins with { or [. Belongs to one thread.
class RecordLineReader {
 public:
  enum class Outcome { kRecord, kBlank, kBad };

  // `plan` is borrowed.
  RecordLineReader(const Plan& plan, RecordKind kind)
      : is_keyed_(kind == RecordKind::kKeyedJson), copies_(plan.copies()), reader_(plan) {}

  // `line` is without its '\n', which must stand behind it. Appends to `copy`, if the plan copies, the key, what stands
  // between key and record, and the reduced record; nothing if the line is no good record.
  Outcome read(std::string_view line, Buffer& copy);
  // Of the record; valid until the next read().
  const std::vector<Capture>& captures() const { return reader_.captures(); }
  // Why the line is bad: one line of text.
  const std::string& reason() const { return reason_; }

 private:
  Outcome bad(std::string_view line, std::size_t record_start);

  const bool is_keyed_;
  const bool copies_;
  JsonReader reader_;
  std::string reason_;
};

}  // namespace quern::json
