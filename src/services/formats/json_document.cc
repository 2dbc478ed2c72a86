#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/text.h"
#include "services/formats/json_writer.h"
#include "services/formats/record_reader.h"

// json-document: an input is one JSON document, or several, one after another, as `jq .` prints them. Of an array, each
// element is a record; any other document is one. Only strings, brackets and the commas between elements are looked at
// here: the reader of the records checks their grammar. An element ends at a comma or at the bracket that closes the
// array, so a flaw in one spoils no other, unless a quote is missing.

namespace quern::formats {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// [ and { differ only in this bit, and so do ] and }.
constexpr char kBracketBit = 0x20;
constexpr ByteSearch kBetweenElements("\"{},", {.ignored_bits = kBracketBit});
constexpr ByteSearch kInside("\"{}", {.ignored_bits = kBracketBit});
constexpr ByteSearch kInString("\"\\\n\r", {});

// Finds where a value ends, in several calls with more and more of it.
class ValueScan {
 public:
  enum class Kind { kElement, kDocument };

  // Whether `bytes`, which begin with the value, have its end, which is then at end(). An element ends before a comma
  // or ]; a document, which is an object or a string here, after its last byte.
  bool find_end(std::string_view bytes, Kind kind) {
    bool is_over = false;
    while (!is_over) {
      scanned_ = next_stop(bytes);
      if (scanned_ == bytes.size()) return false;
      const char byte = bytes[scanned_];
      if (is_in_string_) {
        if (byte == '\\' && scanned_ + 1 == bytes.size()) return false;
        step_in_string(byte);
      } else if (kind == Kind::kElement && depth_ == 0 && (byte == ',' || byte == ']')) {
        return true;
      } else {
        step(byte);
      }
      is_over = kind == Kind::kDocument && depth_ == 0 && !is_in_string_;
    }
    return true;
  }

  std::size_t end() const { return scanned_; }
  bool has_broken_string() const { return has_broken_string_; }
  // The bytes before end() will not be there in the next call.
  void leave_behind() { scanned_ = 0; }

 private:
  std::size_t next_stop(std::string_view bytes) const {
    const ByteSearch& search = is_in_string_ ? kInString : depth_ == 0 ? kBetweenElements : kInside;
    const char* stop = search.find(bytes.data() + scanned_, bytes.data() + bytes.size());
    return static_cast<std::size_t>(stop - bytes.data());
  }

  void step_in_string(char byte) {
    if (byte == '"') is_in_string_ = false;
    if (byte == '\n' || byte == '\r') has_broken_string_ = true;
    scanned_ += byte == '\\' ? 2 : 1;
  }

  void step(char byte) {
    ++scanned_;
    if (byte == '"') is_in_string_ = true;
    if ((byte | kBracketBit) == '{') ++depth_;
    if ((byte | kBracketBit) == '}' && depth_ > 0) --depth_;
  }

  std::size_t scanned_ = 0;
  std::size_t depth_ = 0;
  bool is_in_string_ = false;
  bool has_broken_string_ = false;
};

class JsonDocumentReader final : public RecordReader {
 public:
  void begin() override {
    place_ = Place::kBefore;
    scan_ = {};
    has_structure_ = false;
    is_dropping_ = false;
    number_ = 1;
    offset_ = 0;
  }

  Result<std::size_t> take(std::string_view bytes, bool is_end, Records& records) override {
    std::string_view rest = bytes;
    if (place_ == Place::kBefore) TRY(find_beginning(rest, is_end));
    while (place_ != Place::kBefore && records.lines.size() < kEnoughBytes) {
      const Place before = place_;
      TRY_ASSIGN(const std::size_t taken, take_step(rest, is_end, records));
      if (taken == 0 && place_ == before) break;
      advance(rest, taken);
    }
    return bytes.size() - rest.size();
  }

  std::size_t drop(std::string_view bytes, std::string reason, Records& records) override {
    refuse(bytes, std::move(reason), records);
    is_dropping_ = true;
    is_first_element_ = false;
    const std::size_t taken = leave_behind(bytes);
    offset_ += taken;
    return taken;
  }

 private:
  enum class Place { kBefore, kInArray, kInDocument, kAfter };

  void advance(std::string_view& bytes, std::size_t taken) {
    bytes.remove_prefix(taken);
    offset_ += taken;
  }

  Result<void> find_beginning(std::string_view& bytes, bool is_end) {
    advance(bytes, std::min(bytes.find_first_not_of(kBlanks), bytes.size()));
    if (bytes.empty()) return is_end ? bad_input("it is not a JSON document, because it is empty") : Result<void>();
    if (!may_begin_document(bytes[0])) {
      return bad_input(fmt::format("it is not a JSON document: byte {} is {}", offset_ + 1, shown(bytes[0])));
    }
    advance(bytes, begin_document(bytes, 0));
    return {};
  }

  static bool may_begin_document(char byte) {
    return std::string_view("[{\"-0123456789tfn").find(byte) != std::string_view::npos;
  }

  // Begins the document at bytes[at]; returns how many of the bytes come before its records.
  std::size_t begin_document(std::string_view bytes, std::size_t at) {
    begun_at_ = offset_ + at + 1;
    const bool is_array = bytes[at] == '[';
    place_ = is_array ? Place::kInArray : Place::kInDocument;
    is_first_element_ = true;
    scan_ = {};
    return at + (is_array ? 1 : 0);
  }

  // Returns how many bytes it took: 0 if more must come first, or if there are none.
  Result<std::size_t> take_step(std::string_view bytes, bool is_end, Records& records) {
    if (place_ == Place::kInArray) return take_element(bytes, is_end, records);
    if (place_ == Place::kInDocument) return take_document(bytes, is_end, records);
    const std::size_t next = std::min(bytes.find_first_not_of(kBlanks), bytes.size());
    if (next == bytes.size()) return next;
    if (may_begin_document(bytes[next])) return begin_document(bytes, next);
    return bad_input(fmt::format("byte {} is {}, after the end of a document", offset_ + next + 1, shown(bytes[next])));
  }

  Result<std::size_t> take_element(std::string_view bytes, bool is_end, Records& records) {
    if (!scan_.find_end(bytes, ValueScan::Kind::kElement)) return wait(bytes, is_end);
    const std::size_t end = scan_.end();
    const bool is_last = bytes[end] == ']';
    const std::string_view element = trimmed(bytes.substr(0, end), kBlanks);
    const bool is_empty_array = is_last && is_first_element_ && element.empty();
    is_first_element_ = false;
    if (!is_empty_array) take_record(element, records);
    if (is_last) place_ = Place::kAfter;
    return end + 1;
  }

  Result<std::size_t> take_document(std::string_view bytes, bool is_end, Records& records) {
    std::size_t end = std::min(bytes.find_first_of(kBlanks), bytes.size());
    bool is_whole = end < bytes.size() || is_end;
    if (!is_dropping_) has_structure_ = bytes.starts_with('{') || bytes.starts_with('"');
    if (has_structure_) {
      is_whole = scan_.find_end(bytes, ValueScan::Kind::kDocument);
      end = scan_.end();
    }
    if (!is_whole) return wait(bytes, is_end);
    take_record(bytes.substr(0, end), records);
    place_ = Place::kAfter;
    return end;
  }

  // The end of the record is not among these bytes.
  Result<std::size_t> wait(std::string_view bytes, bool is_end) {
    if (!is_end) return is_dropping_ ? leave_behind(bytes) : 0;
    return bad_input(
        fmt::format("it ends too early, after byte {}: the JSON document that begins at byte {} is not "
                    "complete",
                    offset_ + bytes.size(), begun_at_));
  }

  // Returns how many bytes of a record that is dropped can go.
  std::size_t leave_behind(std::string_view bytes) {
    if (place_ == Place::kInDocument && !has_structure_) return bytes.size();
    const std::size_t scanned = scan_.end();
    scan_.leave_behind();
    return scanned;
  }

  // Takes the record that the scan has found.
  void take_record(std::string_view record, Records& records) {
    const bool is_broken = scan_.has_broken_string();
    scan_ = {};
    if (std::exchange(is_dropping_, false)) return;
    if (record.empty()) return refuse(record, "the array has no element here", records);
    if (is_broken) return refuse(record, "the record is not JSON: a line break within a string", records);
    const std::size_t start = records.lines.size();
    records.lines.append(record);
    const std::span added(records.lines.data() + start, record.size());
    for (char& byte : added) byte = byte == '\n' || byte == '\r' ? ' ' : byte;
    records.lines.push_back('\n');
    ++number_;
  }

  void refuse(std::string_view record, std::string reason, Records& records) {
    records.bad.push_back({.line = number_++, .record = as_one_line(record), .reason = std::move(reason)});
    records.lines.push_back('\n');
  }

  static std::string shown(char byte) {
    return is_printable_ascii({&byte, 1}) ? in_quotes({&byte, 1})
                                          : fmt::format("0x{:02x}", static_cast<unsigned char>(byte));
  }

  Place place_ = Place::kBefore;
  ValueScan scan_;
  bool has_structure_ = false;     // of the document, if it is not an array
  bool is_first_element_ = false;  // of the array
  bool is_dropping_ = false;
  std::uint64_t number_ = 1;    // of the next record
  std::uint64_t offset_ = 0;    // of what was not taken yet
  std::uint64_t begun_at_ = 0;  // the number of the first byte of the document
};

}  // namespace

std::unique_ptr<RecordReader> make_document_reader(const RecordFormat& /*format*/, const WantedMembers& /*wanted*/) {
  return std::make_unique<JsonDocumentReader>();
}

}  // namespace quern::formats
