#include "app/look/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "arithmetic/number.h"
#include "base/bytes.h"
#include "base/text.h"
#include "job_file/job_file_values.h"
#include "model/job.h"
#include "services/json/json_reader.h"
#include "services/json/record_line.h"

namespace quern::app {
namespace {

using Kind = Format::Kind;

constexpr std::string_view kBlanks = " \t\r\n\v\f";

// Lines, or rows, that decide.
constexpr std::size_t kDecidingLines = 100;
// A format is that of at least so many of ten lines: some may be damaged.
constexpr std::size_t kLinesOfTen = 8;

// The first lines that are not blank and certainly complete. If there is none, the beginning of the first one.
std::vector<std::string_view> first_lines(const decode::Beginning& content) {
  std::vector<std::string_view> lines;
  std::string_view rest = content.bytes;
  while (!rest.empty() && lines.size() < kDecidingLines) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos && !content.is_whole && !lines.empty()) break;
    const std::string_view line = rest.substr(0, end);
    if (!trimmed(line, kBlanks).empty()) lines.push_back(line);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return lines;
}

template <typename IsOne>
bool most_are(const std::vector<std::string_view>& lines, const IsOne& is_one) {
  const auto count = static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), is_one));
  return !lines.empty() && count * 10 >= lines.size() * kLinesOfTen;
}

bool is_container(std::string_view text) { return text.starts_with('{') || text.starts_with('['); }

std::optional<Kind> kind_of_json_lines(const std::vector<std::string_view>& lines, bool is_cut) {
  // Of a record that is longer than what was read, only the beginning is known.
  if (is_cut && lines.size() == 1 && lines[0].starts_with('{')) return Kind::kJson;
  const json::Plan nothing_wanted(json::Wanted{});
  json::JsonReader reader(nothing_wanted);
  Buffer copy;
  bool has_key = false;
  auto is_record = [&](std::string_view line) {
    const std::size_t start = json::record_start(line);
    if (start == std::string_view::npos || !is_container(line.substr(start))) return false;
    has_key = has_key || start > 0;
    return reader.read(std::string(line.substr(start)), copy);
  };
  if (!most_are(lines, is_record)) return std::nullopt;
  return has_key ? Kind::kKeyedJson : Kind::kJson;
}

// Takes parts of a line of a web server's log from its front.
class LogLine {
 public:
  explicit LogLine(std::string_view line) : rest_(trimmed(line, "\r\n")) {}
  bool word() { return take(rest_.find(' '), 1); }
  bool number() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    return (text == "-" || (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos)) &&
           take(end, 1);
  }
  bool in_brackets() { return rest_.starts_with('[') && take(rest_.find(']'), 2); }
  // A backslash escapes a quote.
  bool in_quotes() {
    if (!rest_.starts_with('"')) return false;
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    return take(end < rest_.size() ? end : std::string_view::npos, 2);
  }
  bool is_at_end() const { return rest_.empty(); }

 private:
  // Removes what ends at `end`, its own end mark, and the space that follows.
  bool take(std::size_t end, std::size_t marks) {
    if (end == std::string_view::npos || end == 0) return false;
    rest_.remove_prefix(std::min(end + marks, rest_.size()));
    return true;
  }
  std::string_view rest_;
};

bool begins_as_common(LogLine& line) {
  return line.word() && line.word() && line.word() && line.in_brackets() && line.in_quotes() && line.number() &&
         line.number();
}

bool is_common(std::string_view text) {
  LogLine line(text);
  return begins_as_common(line) && line.is_at_end();
}

// Servers often add fields of their own at the end.
bool is_combined(std::string_view text) {
  LogLine line(text);
  return begins_as_common(line) && line.in_quotes() && line.in_quotes();
}

std::vector<std::vector<std::string>> first_rows(const decode::Beginning& content, char delimiter) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> fields;
  std::string_view rest = content.bytes;
  while (rows.size() < kDecidingLines) {
    const std::size_t bytes = read_row(rest, delimiter, content.is_whole, fields);
    if (bytes == 0) break;
    if (fields.size() > 1 || !fields[0].empty()) rows.push_back(fields);
    rest.remove_prefix(bytes);
  }
  return rows;
}

bool is_number(std::string_view text) { return parse_number(text).kind != Number::Kind::kNone; }

// A header has a different name for each column, and none is a number.
bool is_header(const std::vector<std::string>& row) {
  const std::set<std::string> names(row.begin(), row.end());
  return names.size() == row.size() && !names.contains("") && std::none_of(row.begin(), row.end(), is_number);
}

std::optional<Format> table_of(const decode::Beginning& content) {
  std::optional<Format> found;
  for (char delimiter : {'\t', ',', ';', '|'}) {
    const auto rows = first_rows(content, delimiter);
    if (rows.size() < 2) continue;
    const std::size_t columns = rows[0].size();
    const bool is_better = columns > (found.has_value() ? found->columns.size() : 1);
    auto is_as_wide = [&](const auto& row) { return row.size() == columns; };
    if (!is_better || !std::all_of(rows.begin(), rows.end(), is_as_wide)) continue;
    found = Format{.kind = Kind::kTable, .delimiter = delimiter, .has_header = is_header(rows[0]), .columns = rows[0]};
    if (found->has_header) continue;
    for (std::size_t i = 0; i < columns; ++i) found->columns[i] = fmt::format("column{}", i + 1);
  }
  return found;
}

std::string table_setting(const Format& format) {
  const std::string_view name = format.delimiter == '\t' ? "tsv" : "csv";
  std::vector<std::string> settings;
  if (format.delimiter != '\t' && format.delimiter != ',') {
    settings.push_back("delimiter: " + job_file::yaml_text({&format.delimiter, 1}));
  }
  if (!format.has_header) settings.push_back("header: " + job_file::yaml_list(format.columns));
  if (settings.empty()) return std::string(name);
  return fmt::format("{{{}: {{{}}}}}", name, fmt::join(settings, ", "));
}

}  // namespace

std::size_t read_row(std::string_view text, char delimiter, bool is_all, std::vector<std::string>& fields) {
  fields.assign(1, "");
  bool is_quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (is_quoted) {
      if (letter == '"' && at + 1 < text.size() && text[at + 1] == '"') {
        fields.back() += text[++at];
      } else if (letter == '"') {
        is_quoted = false;
      } else {
        fields.back() += letter;
      }
    } else if (letter == '"' && fields.back().empty()) {
      is_quoted = true;
    } else if (letter == delimiter) {
      fields.emplace_back();
    } else if (letter == '\n') {
      return at + 1;
    } else if (letter != '\r' || at + 1 == text.size() || text[at + 1] != '\n') {
      fields.back() += letter;
    }
  }
  return is_all ? text.size() : 0;
}

Format detect_format(const decode::Beginning& content) {
  if (trimmed(content.bytes, kBlanks).empty()) return {};
  const std::vector<std::string_view> lines = first_lines(content);
  const bool is_array = trimmed(content.bytes, kBlanks).starts_with('[');
  const bool is_cut = !content.is_whole && content.bytes.find('\n') == std::string_view::npos;
  if (decode::foreign_json(content).has_value() || (is_array && is_cut)) {
    return {.kind = is_array ? Kind::kArray : Kind::kDocument};
  }
  if (auto kind = kind_of_json_lines(lines, is_cut); kind.has_value()) return {.kind = *kind};
  if (most_are(lines, is_combined)) return {.kind = Kind::kCombined};
  if (most_are(lines, is_common)) return {.kind = Kind::kCommon};
  return table_of(content).value_or(Format{.kind = Kind::kText});
}

std::string in_words(const Format& format) {
  switch (format.kind) {
    case Kind::kEmpty:
      return "nothing";
    case Kind::kJson:
      return "JSON lines";
    case Kind::kKeyedJson:
      return "lines of a key and JSON";
    case Kind::kDocument:
      return "a JSON document";
    case Kind::kArray:
      return "a JSON array";
    case Kind::kTable: {
      const bool is_usual = format.delimiter == ',' || format.delimiter == '\t';
      return fmt::format("{}{} with {}, {}", format.delimiter == '\t' ? "TSV" : "CSV",
                         is_usual ? "" : fmt::format(" (separated by '{}')", format.delimiter),
                         format.has_header ? "a header" : "no header", counted(format.columns.size(), "column"));
    }
    case Kind::kCombined:
      return "lines of a web server's log (combined)";
    case Kind::kCommon:
      return "lines of a web server's log (common)";
    case Kind::kText:
      break;
  }
  return "lines of text";
}

std::string record_setting(const Format& format) {
  switch (format.kind) {
    case Kind::kJson:
      return std::string(name_of(RecordKind::kJson));
    case Kind::kKeyedJson:
      return std::string(name_of(RecordKind::kKeyedJson));
    case Kind::kDocument:
    case Kind::kArray:
      return "json-document";
    case Kind::kTable:
      return table_setting(format);
    case Kind::kCombined:
      return "combined";
    case Kind::kCommon:
      return "common";
    case Kind::kEmpty:
    case Kind::kText:
      break;
  }
  return std::string(name_of(RecordKind::kText));
}

}  // namespace quern::app
