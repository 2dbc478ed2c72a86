#include "app/look/records.h"

#include <algorithm>

#include "base/text.h"
#include "services/json/record_line.h"

namespace quern::app {
namespace {

using Kind = Format::Kind;
using Take = std::function<void(const FoundRecord&)>;

constexpr std::string_view kJsonBlanks = " \t\r\n\v\f";

// Returns the bytes of a piece from its first complete line on.
std::string_view from_a_line(const Piece& piece) {
  const std::string_view bytes = piece.bytes;
  if (piece.is_start) return bytes;
  return bytes.substr(std::min(bytes.find('\n'), bytes.size() - 1) + 1);
}

ReadRecords read_lines(const Format& format, const Piece& piece, std::uint64_t most, const Take& take) {
  ReadRecords read;
  std::string_view rest = from_a_line(piece);
  while (!rest.empty() && read.records < most) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos && !piece.is_end) return read;
    const std::string_view line = rest.substr(0, end);
    const std::size_t bytes = std::min(end, rest.size() - 1) + 1;
    read.bytes += bytes;
    rest.remove_prefix(bytes);
    if (trimmed(line, kJsonBlanks).empty()) continue;
    ++read.records;
    const std::size_t start = format.kind == Kind::kKeyedJson ? json::record_start(line) : 0;
    take({.text = line.substr(std::min(start, line.size()))});
  }
  read.is_all = rest.empty();
  return read;
}

ReadRecords read_rows(const Format& format, const Piece& piece, std::uint64_t most, const Take& take) {
  ReadRecords read;
  std::string_view rest = from_a_line(piece);
  std::vector<std::string> fields;
  bool is_header = format.has_header && piece.is_start;
  while (!rest.empty() && read.records < most) {
    const std::size_t bytes = read_row(rest, format.delimiter, piece.is_end, fields);
    if (bytes == 0) return read;
    read.bytes += bytes;
    rest.remove_prefix(bytes);
    const bool is_row = fields.size() == format.columns.size() && !std::exchange(is_header, false);
    if (!is_row) continue;
    ++read.records;
    take({.fields = fields});
  }
  read.is_all = rest.empty();
  return read;
}

// Returns the end of the JSON value at the beginning of the text, if it is JSON at all; npos if it is not in the text.
std::size_t end_of_value(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (letter == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1 : 0;
    } else if (letter == '{' || letter == '[') {
      ++depth;
    } else if ((letter == '}' || letter == ']') && depth > 0) {
      --depth;
    } else if (depth > 0 || std::string_view(",]} \t\r\n").find(letter) == std::string_view::npos) {
      continue;
    } else {
      return at;  // of a number or a word
    }
    if (depth == 0 && at < text.size() && letter != '{' && letter != '[') return at + 1;
  }
  return std::string_view::npos;
}

// The elements of an array, or one document after another.
ReadRecords read_values(const Format& format, const Piece& piece, std::uint64_t most, const Take& take) {
  ReadRecords read;
  std::string_view rest = trimmed(piece.bytes, kJsonBlanks);
  const bool is_array = format.kind == Kind::kArray && rest.starts_with('[');
  if (is_array) rest.remove_prefix(1);
  while (read.records < most) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n,"), rest.size()));
    read.is_all = piece.is_end && (rest.empty() || (is_array && rest[0] == ']'));
    if (read.is_all || rest.empty()) break;
    std::size_t end = end_of_value(rest);
    if (end == std::string_view::npos && piece.is_end && !is_array) end = rest.size();
    if (end == std::string_view::npos || end == 0) break;
    ++read.records;
    take({.text = rest.substr(0, end)});
    rest.remove_prefix(end);
    read.bytes = static_cast<std::uint64_t>(rest.data() - piece.bytes.data());
  }
  return read;
}

}  // namespace

ReadRecords for_each_record(const Format& format, const Piece& piece, std::uint64_t most, const Take& take) {
  if (piece.bytes.empty()) return {.is_all = true};
  switch (format.kind) {
    case Kind::kTable:
      return read_rows(format, piece, most, take);
    case Kind::kDocument:
    case Kind::kArray:
      return piece.is_start ? read_values(format, piece, most, take) : ReadRecords();
    default:
      return read_lines(format, piece, most, take);
  }
}

}  // namespace quern::app
