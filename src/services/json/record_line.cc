#include "services/json/record_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/byte_search.h"
#include "base/utf8.h"
#include "services/json/structure.h"
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

namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

bool is_blank(std::string_view line) { return line.find_first_not_of(kBlanks) == std::string_view::npos; }

}  // namespace

std::size_t record_start(std::string_view line) {
  if (line[0] == '{' || line[0] == '[') return 0;
  std::size_t end = line.find_first_of("\t ");
  return end == std::string_view::npos ? end : end + 1;
}

RecordLineReader::RecordLineReader(const Plan& plan, RecordKind kind, bool are_flat)
    : is_keyed_(kind == RecordKind::kKeyedJson), copies_(plan.copies()), reader_(plan) {
  if (are_flat && !copies_) flat_.emplace(plan);
}

RecordLineReader::Outcome RecordLineReader::read(std::string_view line, Buffer& copy) {
  if (line.empty() || (kBlanks.find(line[0]) != std::string_view::npos && is_blank(line))) return Outcome::kBlank;
  is_flat_ = flat_.has_value() && flat_->read(line);
  if (is_flat_) return Outcome::kRecord;
  std::size_t start = is_keyed_ ? record_start(line) : 0;
  if (start == std::string_view::npos || !utf8::is_valid(line.substr(0, start))) return bad(line, start);
  std::size_t copied_before = copy.size();
  if (copies_) copy.append(line.substr(0, start));
  if (!reader_.read(line.substr(start), copy)) {
    copy.resize(copied_before);
    return bad(line, start);
  }
  if (flat_.has_value()) flat_->learn(line);
  return Outcome::kRecord;
}

RecordLineReader::Outcome RecordLineReader::bad(std::string_view line, std::size_t start) {
  if (std::string place = first_not_utf8(line); !place.empty()) {
    reason_ = "the record is not UTF-8: " + place;
  } else if (start == std::string_view::npos) {
    reason_ = "the line has no TAB or space between key and record, and does not start with { or [";
  } else {
    const Flaw& flaw = reader_.flaw();
    reason_ = "the record is not JSON: " + flaw.what;
    if (flaw.has_offset) reason_ += fmt::format(": column {}", start + flaw.offset + 1);
  }
  return Outcome::kBad;
}

}  // namespace quern::json
