#include "services/json/flat_record.h"

#include <algorithm>
#include <cstring>

#include "base/byte_search.h"
#include "services/json/value_text.h"

namespace quern::json {
namespace {

constexpr ByteSearch kTextEnds("\"\\", {});
constexpr ByteSearch kOtherEnds(",}", {});

// Returns the end of the value at `at`, which is less than `end`.
const char* end_of_value(const char* at, const char* end) {
  if (*at != '"') return kOtherEnds.find(at, end);
  at = kTextEnds.find(at + 1, end);
  while (end - at > 1 && *at == '\\') at = kTextEnds.find(at + 2, end);
  return at == end ? end : at + 1;
}

}  // namespace

FlatRecordReader::FlatRecordReader(const Plan& plan) : root_(plan.nodes().front()), plan_(plan) {}

bool FlatRecordReader::read(std::string_view record) {
  captures_.clear();
  if (!is_known_) return false;
  const char* at = record.data();
  const char* const end = at + record.size();
  for (const Member& member : members_) {
    const std::size_t size = member.before.size();
    // There must be room for a value, too.
    if (static_cast<std::size_t>(end - at) <= size || std::memcmp(at, member.before.data(), size) != 0) return false;
    const char* value = at + size;
    at = end_of_value(value, end);
    if (member.wanted == nullptr) continue;
    for (const std::uint32_t number : member.wanted->captures)
      captures_.push_back({.number = number, .text = {value, at}});
  }
  return !is_whole_ || std::string_view(at, end) == "}";
}

const Plan::Node* FlatRecordReader::wanted_of(std::string_view raw_name) {
  name_.clear();
  append_unescaped(raw_name, name_);
  for (const auto& [name, node] : root_.members) {
    if (name == name_) return &plan_.nodes()[node];
  }
  return nullptr;
}

void FlatRecordReader::learn(std::string_view record) {
  members_.clear();
  is_known_ = root_.captures.empty() && record.starts_with("{\"");
  std::size_t left = root_.members.size();
  const char* at = record.data();
  const char* const end = at + record.size();
  while (is_known_ && left > 0 && at != end && *at != '}') {
    const char* name = at + 1;
    const char* after = name == end ? end : end_of_value(name, end);
    is_known_ = end - after > 1 && *name == '"' && *after == ':';
    if (!is_known_) return;
    members_.push_back({.before = {at, after + 1}, .wanted = wanted_of({name + 1, after - 1})});
    if (members_.back().wanted != nullptr) --left;
    at = end_of_value(after + 1, end);
  }
  is_whole_ = left > 0;
}

}  // namespace quern::json
