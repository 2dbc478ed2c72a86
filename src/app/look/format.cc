#include "app/look/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "app/look/records.h"
#include "arithmetic/number.h"
#include "base/text.h"
#include "job_file/job_file_record.h"
#include "model/json_fields.h"

namespace quern::app {
namespace {

using Kind = RecordFormat::Kind;

constexpr std::string_view kBlanks = " \t\r\n\v\f";

// Records that decide.
constexpr std::uint64_t kDecidingRecords = 100;
// A format is that of at least so many of ten records: some may be damaged.
constexpr std::uint64_t kRecordsOfTen = 8;

Format of_lines(RecordKind kind) { return {.is_empty = false, .kind = kind, .records = {}, .columns = {}}; }
Format of_records(RecordFormat records) {
  return {.is_empty = false, .kind = RecordKind::kJson, .records = std::move(records), .columns = {}};
}

bool are_most(const ReadRecords& read) {
  return read.records > 0 && read.records * 10 >= (read.records + read.bad) * kRecordsOfTen;
}

bool is_container(std::string_view text) { return text.starts_with('{') || text.starts_with('['); }

// The bytes as they would be read in this format.
Piece piece_of(const decode::Beginning& content) {
  return {.bytes = std::string(content.bytes), .is_start = true, .is_end = content.is_whole};
}

// What is left of a line that was cut is text in any format.
std::optional<Format> json_lines(const Piece& piece, bool is_cut) {
  // Of a record that is longer than what was read, only the beginning is known.
  if (is_cut && trimmed(piece.bytes, kBlanks).starts_with('{')) return of_lines(RecordKind::kJson);
  bool has_key = false;
  std::uint64_t others = 0;
  const Format format = of_lines(RecordKind::kKeyedJson);
  const ReadRecords read = for_each_record(format, piece, kDecidingRecords, [&](const FoundRecord& record) {
    has_key = has_key || record.has_key;
    if (!is_container(record.text)) ++others;
  });
  if (!are_most({.records = read.records - others, .bad = read.bad + others})) return std::nullopt;
  return of_lines(has_key ? RecordKind::kKeyedJson : RecordKind::kJson);
}

bool is_number(std::string_view text) { return parse_number(text).kind != Number::Kind::kNone; }

// A header has no numbers, and says something.
bool is_header(const Json& row) {
  const auto is_a_number = [](const Json& field) { return is_number(field.get_ref<const std::string&>()); };
  const auto is_empty = [](const Json& field) { return field.get_ref<const std::string&>().empty(); };
  return std::none_of(row.begin(), row.end(), is_a_number) && !std::all_of(row.begin(), row.end(), is_empty);
}

// The names of the columns, as the reader of tables gives them to the members of a record.
std::vector<std::string> columns_of(const RecordFormat& format, const Piece& piece) {
  std::vector<std::string> columns;
  for_each_record(of_records(format), piece, 1, [&](const FoundRecord& record) {
    const auto row = nlohmann::ordered_json::parse(record.text, nullptr, false);
    for (const auto& [name, field] : row.items()) columns.push_back(name);
  });
  return columns;
}

std::optional<Format> table(const Piece& piece) {
  std::optional<Format> found;
  for (char delimiter : {'\t', ',', ';', '|'}) {
    RecordFormat format{.kind = delimiter == '\t' ? Kind::kTsv : Kind::kCsv,
                        .delimiter = delimiter,
                        .header = RecordFormat::Header::kNone};
    Json first;
    const ReadRecords read =
        for_each_record(of_records(format), piece, kDecidingRecords, [&](const FoundRecord& record) {
          if (first.is_null()) first = Json::parse(record.text, nullptr, false);
        });
    const bool is_wider = first.size() > (found.has_value() ? found->columns.size() : 1);
    if (read.records < 2 || read.bad > 0 || !is_wider) continue;
    if (is_header(first)) format.header = RecordFormat::Header::kFirst;
    found = of_records(format);
    found->columns = columns_of(format, piece);
  }
  return found;
}

}  // namespace

Format detect_format(const decode::Beginning& content) {
  const std::string_view text = trimmed(content.bytes, kBlanks);
  if (text.empty()) return {};
  const bool is_array = text.starts_with('[');
  const bool is_cut = !content.is_whole && content.bytes.find('\n') == std::string_view::npos;
  if (decode::foreign_json(content).has_value() || (is_array && is_cut)) {
    Format document = of_records({.kind = Kind::kJsonDocument});
    document.is_array = is_array;
    return document;
  }
  const Piece piece = piece_of(content);
  if (auto lines = json_lines(piece, is_cut); lines.has_value()) return *std::move(lines);
  for (Kind kind : {Kind::kCombined, Kind::kCommon}) {
    Format log = of_records({.kind = kind});
    if (are_most(for_each_record(log, piece, kDecidingRecords, [](const FoundRecord&) {}))) return log;
  }
  return table(piece).value_or(of_lines(RecordKind::kText));
}

bool are_of_one_kind(const Format& left, const Format& right) {
  return !left.is_empty && !right.is_empty && left.kind == right.kind && left.records == right.records;
}

bool is_header_of(const Format& table, const Piece& piece) {
  if (!table.is_table() || table.records->header != RecordFormat::Header::kFirst) return false;
  RecordFormat rows = *table.records;
  rows.header = RecordFormat::Header::kNone;
  std::vector<std::string> names;
  const ReadRecords read = for_each_record(of_records(rows), piece, 2, [&](const FoundRecord& record) {
    for (const Json& field : Json::parse(record.text)) names.push_back(field);
  });
  const auto& columns = table.columns;
  return read.bad == 0 && std::is_permutation(names.begin(), names.end(), columns.begin(), columns.end());
}

std::string in_words(const Format& format) {
  if (format.is_empty) return "nothing";
  if (format.is_document()) return format.is_array ? "a JSON array" : "JSON documents";
  if (format.is_table()) {
    const char delimiter = format.records->delimiter;
    const bool is_usual = delimiter == ',' || delimiter == '\t';
    return fmt::format("{}{} with {}, {}", delimiter == '\t' ? "TSV" : "CSV",
                       is_usual ? "" : fmt::format(" (separated by '{}')", delimiter),
                       format.records->header == RecordFormat::Header::kFirst ? "a header" : "no header",
                       counted(format.columns.size(), "column"));
  }
  if (format.records.has_value()) return fmt::format("lines of a web server's log ({})", name_of(format.records->kind));
  if (format.kind == RecordKind::kText) return "lines of text";
  return format.kind == RecordKind::kJson ? "JSON lines" : "lines of a key and JSON";
}

std::string record_setting(const Format& format) { return job_file::show_record(format.kind, format.records); }

}  // namespace quern::app
