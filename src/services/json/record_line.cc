#include "services/json/record_line.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "services/json/structure.h"

namespace quern::json {
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
