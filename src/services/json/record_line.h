#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/job.h"
#include "services/json/json_reader.h"
#include "services/json/walk_plan.h"

namespace quern::json {

// Finds the values that a plan captures in records that quern has written itself (services/formats): JSON objects
// without white space, whose names differ, and whose values are texts, numbers or null. Most records have the members
// of the record before, so their names are only compared with those, and nothing is read after the last wanted value.
// quern has written the rest, so it is valid JSON in UTF-8. Not thread-safe.
class FlatRecordReader {
 public:
  // `plan` is borrowed, and copies nothing.
  explicit FlatRecordReader(const Plan& plan);

  // Returns false, and captures nothing, if the record does not have the members that were learnt.
  bool read(std::string_view record);
  // As JsonReader::captures().
  const std::vector<Capture>& captures() const { return captures_; }
  // Learns the members of a record.
  void learn(std::string_view record);

 private:
  struct Member {
    std::string before;  // what precedes the value: {"name": or ,"name":
    const Plan::Node* wanted = nullptr;
  };
  const Plan::Node* wanted_of(std::string_view raw_name);

  const Plan::Node& root_;
  const Plan& plan_;
  std::vector<Member> members_;
  bool is_whole_ = false;  // whether members_ are all that the record has
  bool is_known_ = false;
  std::vector<Capture> captures_;
  std::string name_;  // scratch space
};

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
