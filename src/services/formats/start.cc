#include <utility>

#include "base/regex.h"
#include "base/utf8.h"
#include "services/formats/line_reader.h"

// {start: ...}: a record is a text of one or more lines, of which the first matches the expression and the others do
// not. It becomes a JSON string without the last line end. What comes before the first such line is a bad record.

namespace quern::formats {
namespace {

class StartReader final : public RecordReader {
 public:
  explicit StartReader(Regex regex) : regex_(std::move(regex)) {}

  void begin() override {
    line_ = 1;
    lines_ = 0;
    scanned_ = 0;
    is_begun_ = false;
    is_dropping_ = false;
    is_within_line_ = false;
  }

  Result<std::size_t> take(std::string_view bytes, bool is_end, Records& records) override {
    JsonWriter out(records.lines);
    std::size_t taken = 0;
    while (out.size() < kEnoughBytes) {
      const std::string_view rest = bytes.substr(taken);
      if (!find_end(rest, is_end)) break;
      const std::size_t end = std::exchange(scanned_, 0);
      take_record(rest.substr(0, end), out, records);
      taken += end;
    }
    if (is_dropping_) taken += std::exchange(scanned_, 0);
    return taken;
  }

  std::size_t drop(std::string_view bytes, std::string reason, Records& records) override {
    const bool goes_on = std::exchange(is_dropping_, true);
    if (!goes_on) records.bad.push_back({.line = line_, .record = as_one_line(bytes), .reason = std::move(reason)});
    is_within_line_ = std::exchange(scanned_, 0) < bytes.size();
    return bytes.size();
  }

 private:
  // Goes on from line to line until one begins the next record, or nothing follows. Returns whether there is a record;
  // scanned_ is where it ends.
  bool find_end(std::string_view bytes, bool is_end) {
    while (scanned_ < bytes.size()) {
      const std::size_t found = bytes.find('\n', scanned_);
      const bool is_whole = found != std::string_view::npos || is_end;
      if (!is_whole) return false;
      const std::size_t end = found == std::string_view::npos ? bytes.size() : found + 1;
      const bool is_first = lines_ == 0 && !is_within_line_;
      const bool starts = !is_within_line_ && regex_.matches(without_line_end(bytes.substr(scanned_, end - scanned_)));
      if (starts && !is_first) return true;
      if (is_first) is_begun_ = starts;
      is_within_line_ = false;
      ++lines_;
      scanned_ = end;
    }
    return is_end && lines_ > 0;
  }

  // Takes the record and its lines_.
  void take_record(std::string_view record, JsonWriter& out, Records& records) {
    if (!is_dropping_ && !utf8::is_valid(record)) {
      refuse(record, not_utf8(record, line_), records);
    } else if (!is_dropping_ && is_begun_) {
      out.add('"');
      out.add_text(without_line_end(record));
      out.add('"');
    } else if (!is_dropping_ && record.find_first_not_of("\r\n") != std::string_view::npos) {
      refuse(record, "no line before it matches the regular expression of `start`", records);
    }
    out.add_line_ends(lines_);
    line_ += lines_;
    lines_ = 0;
    is_dropping_ = false;
  }

  void refuse(std::string_view record, std::string reason, Records& records) const {
    records.bad.push_back(
        {.line = line_, .record = as_one_line(without_line_end(record)), .reason = std::move(reason)});
  }

  Regex regex_;
  std::uint64_t line_ = 1;   // of the record's first line
  std::uint64_t lines_ = 0;  // that the record has until now
  std::size_t scanned_ = 0;
  bool is_begun_ = false;        // by a line that matches
  bool is_dropping_ = false;     // a record that is too long
  bool is_within_line_ = false;  // of such a record
};

}  // namespace

std::unique_ptr<RecordReader> make_start_reader(const RecordFormat& format, const WantedMembers& /*wanted*/) {
  return std::make_unique<StartReader>(Regex::make(format.regex).value());
}

}  // namespace quern::formats
