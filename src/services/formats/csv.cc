#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "services/formats/json_writer.h"
#include "services/formats/record_reader.h"

// csv and tsv: RFC 4180, and where that is silent, as Python's csv module: a record ends with a line feed, a carriage
// return or both; a quote counts only at the beginning of a field; what follows the closing quote belongs to the field.
// Empty lines are not records. A record becomes a map from the names of the columns to texts.

namespace quern::formats {
namespace {

// Finds the end of a record that is too long, byte by byte.
class LongRecord {
 public:
  LongRecord(char delimiter, char quote) : delimiter_(delimiter), quote_(quote) {}

  // Returns the offset after the record's last byte, or of the first byte that cannot be judged yet. Adds to
  // `line_ends` the lines that end inside the record.
  std::size_t skip(std::string_view bytes, bool is_end, std::size_t& line_ends) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const char byte = bytes[i];
      const bool ends_line = byte == '\n' || byte == '\r';
      if (ends_line && state_ != State::kQuoted) {
        if (byte == '\r' && i + 1 == bytes.size() && !is_end) return i;
        is_over_ = true;
        return i + (byte == '\r' && bytes.substr(i + 1).starts_with('\n') ? 2 : 1);
      }
      if (byte == '\r' || (byte == '\n' && last_ != '\r')) ++line_ends;
      last_ = byte;
      state_ = next(byte);
    }
    if (is_end) is_over_ = true;
    return bytes.size();
  }
  bool is_over() const { return is_over_; }

 private:
  enum class State { kFieldStart, kPlain, kQuoted, kQuoteInQuoted };

  State next(char byte) const {
    const bool is_quote = quote_ != '\0' && byte == quote_;
    if (state_ == State::kQuoted) return is_quote ? State::kQuoteInQuoted : State::kQuoted;
    if (is_quote && state_ != State::kPlain) return State::kQuoted;
    return byte == delimiter_ ? State::kFieldStart : State::kPlain;
  }

  const char delimiter_;
  const char quote_;
  State state_ = State::kFieldStart;
  char last_ = '\0';
  bool is_over_ = false;
};

// What is written before the value of each column, the quote included.
class ColumnPrefixes {
 public:
  ColumnPrefixes() = default;
  ColumnPrefixes(const std::vector<std::string>& names, const WantedMembers& wanted) {
    for (const std::string& member : member_prefixes(names, wanted)) {
      const std::size_t begin = texts_.size();
      if (!member.empty()) texts_ += (begin == 0 ? "" : "\"") + member + '"';
      places_.push_back({begin, texts_.size() - begin});
    }
    texts_.append(JsonWriter::kPadding, ' ');
  }

  // "" if the column is left out. kPadding readable bytes follow.
  std::string_view of(std::size_t column) const {
    return std::string_view(texts_).substr(places_[column].begin, places_[column].size);
  }

 private:
  struct Place {
    std::size_t begin;
    std::size_t size;
  };
  std::string texts_;
  std::vector<Place> places_;
};

class CsvReader final : public RecordReader {
 public:
  CsvReader(const RecordFormat& format, const WantedMembers& wanted)
      : format_(format),
        wanted_members_(wanted),
        plain_stops_(std::string{format.delimiter, '"', '\\'}, {.at_controls = true}),
        quoted_stops_(std::string{format.quote == '\0' ? '"' : format.quote, '"', '\\'}, {.at_controls = true}) {}

  void begin() override {
    line_ = 1;
    long_record_.reset();
    is_known_ = false;
    is_first_ = true;
    if (format_.header == RecordFormat::Header::kGiven) name_columns(as_json(format_.columns));
  }

  Result<std::size_t> take(std::string_view bytes, bool is_end, Records& records) override {
    look_at(bytes, is_end);
    JsonWriter out(records.lines);
    if (long_record_.has_value()) skip_long_record(out);
    const char* taken = at_;
    while (!long_record_.has_value() && at_ != end_ && out.size() < kEnoughBytes && take_record(out, records)) {
      taken = at_;
    }
    return static_cast<std::size_t>(taken - bytes.data());
  }

  std::size_t drop(std::string_view bytes, std::string reason, Records& records) override {
    look_at(bytes, false);
    records.bad.push_back({.line = line_, .record = as_one_line(bytes), .reason = std::move(reason)});
    long_record_.emplace(format_.delimiter, format_.quote);
    JsonWriter out(records.lines);
    skip_long_record(out);
    return static_cast<std::size_t>(at_ - bytes.data());
  }

 private:
  void look_at(std::string_view bytes, bool is_end) {
    at_ = bytes.data();
    end_ = at_ + bytes.size();
    is_end_ = is_end;
  }

  // Takes one record, or an empty line. Returns false if it is not whole.
  bool take_record(JsonWriter& out, Records& records) {
    const std::size_t start = out.size();
    record_ = at_;
    if (*at_ == '\n' || *at_ == '\r') {
      line_ends_ = 0;
      if (!take_line_end()) return false;
      end_record(out);
      return true;
    }
    prefixes_ = is_first_ ? &all_ : &wanted_;
    columns_ = 0;
    line_ends_ = 0;
    open_quote_line_ = 0;
    bool is_whole = take_fields(out);
    if (is_whole && at_ != end_) is_whole = take_line_end();
    if (!is_whole) {
      out.cut(start);
      return false;
    }
    if (open_quote_line_ > 0) {
      refuse(out, records, start, open_quote_line_,
             "the quote that this line opens is not closed before the input ends");
    } else if (!is_known_) {
      take_header(out, start);
    } else if (!are_names_utf8_) {
      refuse(out, records, start, line_, "the names of the columns are not UTF-8");
    } else if (!utf8::is_valid({record_, at_})) {
      refuse(out, records, start, line_, not_utf8({record_, at_}, line_, true));
    } else if (columns_ != names_) {
      refuse(out, records, start, line_,
             fmt::format("the record has {} instead of {}{}", counted(columns_, "column"), names_, delimiter_advice_));
    } else {
      out.add("\"}");
      end_record(out);
      is_first_ = false;
    }
    return true;
  }

  // Writes the line end of the record, and those of the further lines that it had.
  void end_record(JsonWriter& out) {
    out.add_line_ends(1 + line_ends_);
    line_ += 1 + line_ends_;
  }

  void refuse(JsonWriter& out, Records& records, std::size_t start, std::uint64_t line, std::string reason) {
    const std::string_view record(record_, static_cast<std::size_t>(at_ - record_));
    records.bad.push_back({.line = line, .record = as_one_line(trimmed(record, "\r\n")), .reason = std::move(reason)});
    out.cut(start);
    end_record(out);
  }

  // Takes fields to the end of the record. Returns false if that is not there yet.
  bool take_fields(JsonWriter& out) {
    while (true) {
      begin_field(out);
      ++columns_;
      if (format_.quote != '\0' && at_ != end_ && *at_ == format_.quote && !take_quoted(out)) return is_end_;
      if (!take_plain(out)) return is_end_;
      if (*at_ != format_.delimiter) return true;
      ++at_;
    }
  }

  void begin_field(JsonWriter& out) {
    is_written_ = true;
    if (!is_known_) {
      if (columns_ > 0) out.add('\n');
    } else if (columns_ < names_) {
      const std::string_view prefix = prefixes_->of(columns_);
      out.add_padded(prefix);
      is_written_ = !prefix.empty();
    }
  }

  // Takes bytes of a field up to the next stop, or to the end.
  void take_until(const ByteSearch& stops, JsonWriter& out) {
    at_ = is_written_ ? out.add_until(stops, at_, end_) : stops.find(at_, end_);
  }

  // Takes a field, or the rest of it, to its delimiter or line end. Returns false if there is neither.
  bool take_plain(JsonWriter& out) {
    while (true) {
      take_until(plain_stops_, out);
      if (at_ == end_) return false;
      if (*at_ == format_.delimiter || *at_ == '\n' || *at_ == '\r') return true;
      if (is_written_) out.add_escaped(*at_);
      ++at_;
    }
  }

  // Takes what is in quotes, and the quotes. Returns false if there is no closing quote.
  bool take_quoted(JsonWriter& out) {
    open_quote_line_ = line_ + line_ends_;
    for (++at_;; ++at_) {
      take_until(quoted_stops_, out);
      if (at_ == end_) return false;
      const char* next = at_ + 1;
      const char following = next == end_ ? '\0' : *next;
      if (*at_ == format_.quote) {
        if (next == end_ && !is_end_) return false;
        if (following != format_.quote) break;
        at_ = next;
      }
      if (*at_ == '\n' || (*at_ == '\r' && following != '\n')) ++line_ends_;
      if (is_written_) out.add_escaped(*at_);
    }
    ++at_;
    open_quote_line_ = 0;
    return true;
  }

  // Returns false if it cannot be judged yet.
  bool take_line_end() {
    if (*at_ == '\r') {
      if (at_ + 1 == end_ && !is_end_) return false;
      if (at_ + 1 != end_ && at_[1] == '\n') ++at_;
    }
    ++at_;
    return true;
  }

  // `out` has the fields of the first record from `start` on, one in each line.
  void take_header(JsonWriter& out, std::size_t start) {
    std::vector<std::string> columns;
    std::string_view fields = out.since(start);
    while (columns.size() < columns_) {
      const std::string_view field = fields.substr(0, fields.find('\n'));
      columns.emplace_back(format_.header == RecordFormat::Header::kNone ? "" : field);
      fields.remove_prefix(std::min(field.size() + 1, fields.size()));
    }
    out.cut(start);
    name_columns(columns);
    if (format_.header == RecordFormat::Header::kNone) {
      at_ = record_;
    } else {
      end_record(out);
    }
  }

  // The names come as they are in JSON. Makes them distinct as DuckDB does, but for the number of a column without a
  // name, which counts from 1.
  void name_columns(const std::vector<std::string>& columns) {
    std::set<std::string> taken;
    std::map<std::string, std::size_t> numbers;  // the last one that was tried, by name
    std::vector<std::string> names;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string wanted = columns[i].empty() ? fmt::format("column{}", i + 1) : columns[i];
      std::string name = wanted;
      while (!taken.insert(name).second) name = fmt::format("{}_{}", wanted, ++numbers[wanted]);
      names.push_back(std::move(name));
    }
    all_ = ColumnPrefixes(names, {});
    wanted_ = ColumnPrefixes(names, wanted_members_);
    names_ = columns.size();
    const std::size_t other = names_ == 1 ? columns[0].find_first_of(";,|\t") : std::string::npos;
    if (other != std::string::npos) {
      const std::string byte = columns[0][other] == '\t' ? "TAB" : fmt::format("'{}'", columns[0][other]);
      delimiter_advice_ =
          fmt::format("; the first line contains {}: if it separates the columns, set `delimiter`", byte);
    }
    are_names_utf8_ = std::all_of(names.begin(), names.end(), utf8::is_valid);
    is_known_ = true;
  }

  void skip_long_record(JsonWriter& out) {
    std::size_t line_ends = 0;
    at_ += long_record_->skip({at_, static_cast<std::size_t>(end_ - at_)}, is_end_, line_ends);
    if (long_record_->is_over()) {
      long_record_.reset();
      ++line_ends;
    }
    out.add_line_ends(line_ends);
    line_ += line_ends;
  }

  const RecordFormat format_;
  const WantedMembers wanted_members_;
  const ByteSearch plain_stops_;
  const ByteSearch quoted_stops_;

  bool is_known_ = false;  // whether the columns have names
  std::size_t names_ = 0;
  std::string delimiter_advice_;  // for records with more columns than the first line
  bool are_names_utf8_ = true;
  ColumnPrefixes all_;
  ColumnPrefixes wanted_;
  bool is_first_ = true;  // whether no record was given yet

  std::uint64_t line_ = 1;  // of the next record
  std::optional<LongRecord> long_record_;

  // The call of take(), and the record in it.
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool is_end_ = false;
  const char* record_ = nullptr;
  const ColumnPrefixes* prefixes_ = nullptr;
  std::size_t columns_ = 0;
  bool is_written_ = true;             // the field
  std::size_t line_ends_ = 0;          // within its quotes
  std::uint64_t open_quote_line_ = 0;  // 0 if no quote is open
};

}  // namespace

std::unique_ptr<RecordReader> make_csv_reader(const RecordFormat& format, const WantedMembers& wanted) {
  return std::make_unique<CsvReader>(format, wanted);
}

}  // namespace quern::formats
