#include "app/look/records.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.h"
#include "services/formats/record_reader.h"
#include "services/json/record_line.h"

namespace quern::app {
namespace {

using Take = std::function<void(const FoundRecord&)>;

constexpr std::string_view kJsonBlanks = " \t\r\n\v\f";

// Removes the first line from the text, with its line end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end, text.size() - 1) + 1);
  return line;
}

// Returns the bytes of a piece from its first complete line on.
std::string_view from_a_line(const Piece& piece) {
  std::string_view bytes = piece.bytes;
  if (!piece.is_start) take_line(bytes);
  return bytes;
}

ReadRecords read_lines(RecordKind kind, const Piece& piece, std::uint64_t most, const Take& take) {
  ReadRecords read;
  const json::Plan nothing_wanted(json::Wanted{});
  json::RecordLineReader reader(nothing_wanted, kind);
  Buffer copy;
  std::string_view rest = from_a_line(piece);
  while (!rest.empty() && read.records < most) {
    if (!piece.is_end && rest.find('\n') == std::string_view::npos) return read;
    const std::size_t before = rest.size();
    const std::string line(take_line(rest));  // its end is readable
    read.bytes += before - rest.size();
    if (trimmed(line, kJsonBlanks).empty()) continue;
    const bool is_text = kind == RecordKind::kText;
    if (!is_text && reader.read(line, copy) == json::RecordLineReader::Outcome::kBad) {
      if (read.bad++ == 0) read.bad_reason = reader.reason();
      continue;
    }
    ++read.records;
    const std::size_t start = kind == RecordKind::kKeyedJson ? json::record_start(line) : 0;
    take({.text = std::string_view(line).substr(std::min(start, line.size())),
          .has_key = start > 0 && start != std::string::npos});
  }
  read.is_all = rest.empty();
  return read;
}

// A piece that does not begin with the header has the same columns.
RecordFormat within(const Format& format, const Piece& piece) {
  RecordFormat records = *format.records;
  if (piece.is_start || !format.is_table()) return records;
  records.header = RecordFormat::Header::kGiven;
  records.columns = format.columns;
  return records;
}

ReadRecords read_records(const Format& format, const Piece& piece, std::uint64_t most, const Take& take) {
  ReadRecords read;
  const auto reader = formats::make_record_reader(within(format, piece));
  reader->begin();
  const json::Plan nothing_wanted(json::Wanted{});
  json::RecordLineReader checker(nothing_wanted, RecordKind::kJson);
  Buffer copy;
  std::string_view rest = from_a_line(piece);
  while (read.records < most) {
    formats::Records found;
    const auto taken = reader->take(rest, piece.is_end, found);
    const std::size_t bytes = taken.ok() ? taken.value() : 0;
    rest.remove_prefix(bytes);
    read.bytes += bytes;
    if (read.bad == 0 && !found.bad.empty()) read.bad_reason = found.bad.front().reason;
    read.bad += found.bad.size();
    for (std::string_view lines = found.lines.view(); !lines.empty();) {
      const std::string_view line = take_line(lines);
      if (line.empty()) continue;
      // What is inside of an element or a cell is not checked yet.
      const std::string record(line);  // its end is readable
      if (format.has_paths() && checker.read(record, copy) == json::RecordLineReader::Outcome::kBad) {
        if (read.bad++ == 0) read.bad_reason = checker.reason();
        continue;
      }
      if (read.records == most) {
        ++read.skipped;
        continue;
      }
      ++read.records;
      take({.text = record});
    }
    if (!taken.ok() && read.bad++ == 0) read.bad_reason = taken.error().message;
    read.is_all = taken.ok() && piece.is_end && rest.empty() && read.skipped == 0;
    if (bytes == 0) break;
  }
  return read;
}

}  // namespace

ReadRecords for_each_record(const Format& format, const Piece& piece, std::uint64_t most, const Take& take) {
  if (piece.bytes.empty()) return {.is_all = true};
  if (!format.records.has_value()) return read_lines(format.kind, piece, most, take);
  if (format.is_document() && !piece.is_start) return {};
  return read_records(format, piece, most, take);
}

}  // namespace quern::app
