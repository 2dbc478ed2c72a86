#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

}  // namespace quern::json
