#include "stages/output/row_writer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "arithmetic/number.h"
#include "model/aggregate.h"
#include "model/column_value.h"

namespace quern::output {
namespace {

constexpr std::size_t kRowsBytes = std::size_t{64} << 10;

std::string_view digits_of(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

// JSON has fewer forms of numbers than quern reads: neither 007 nor +1 nor .5.
bool is_json_number(std::string_view text) {
  const std::string_view whole = text;
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::string_view integer = digits_of(text);
  if (integer.empty() || (integer.size() > 1 && integer.front() == '0')) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits_of(text).empty()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits_of(text).empty()) return false;
  }
  return text.empty() && std::isfinite(parse_number(whole).floating);
}

void append_table_cell(std::string_view cell, char delimiter, std::string& line) {
  const char special[] = {delimiter, '"', '\n', '\r'};
  if (cell.find_first_of(std::string_view(special, sizeof special)) == std::string_view::npos) {
    line += cell;
    return;
  }
  line += '"';
  for (char byte : cell) {
    if (byte == '"') line += '"';
    line += byte;
  }
  line += '"';
}

}  // namespace

Result<void> RowWriter::begin() {
  if (format_.format != ResultFormat::kCsv && format_.format != ResultFormat::kTsv) return {};
  std::vector<std::string_view> names;
  for (const ResultColumn& column : format_.columns) names.emplace_back(column.name);
  return write(names);
}

Result<void> RowWriter::write(std::span<const std::string_view> cells) {
  CHECK(cells.size() == format_.columns.size());
  switch (format_.format) {
    case ResultFormat::kCsv:
      append_table_row(cells, ',');
      break;
    case ResultFormat::kTsv:
      append_table_row(cells, '\t');
      break;
    case ResultFormat::kJsonl:
      append_object(cells);
      break;
    case ResultFormat::kText:
      append_text(cells);
  }
  lines_ += '\n';
  return lines_.size() < kRowsBytes ? Result<void>() : finish();
}

Result<void> RowWriter::finish() {
  // There may be a writer for each of many reducers, so an idle one holds nothing.
  const std::string lines = std::exchange(lines_, {});
  return target_.write(lines);
}

// The cell as it is shown, with `line_feed` for each line feed. Valid until the next call.
std::string_view RowWriter::shown(std::string_view cell, std::string_view line_feed) {
  if (cell == kNoResult || format_.are_pairs) return shown_result(cell);
  shown_.clear();
  append_shown(cell, line_feed, shown_);
  return shown_;
}

void RowWriter::append_text(std::span<const std::string_view> cells) {
  const bool is_key_alone = format_.are_pairs && cells[1].empty();
  if (is_key_alone) cells = cells.first(1);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) lines_ += format_.separator;
    lines_ += shown(cells[i], kLineFeedInText);
  }
}

void RowWriter::append_table_row(std::span<const std::string_view> cells, char delimiter) {
  // Readers leave out empty lines.
  if (cells.size() == 1 && cells.front().empty()) lines_ += "\"\"";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) lines_ += delimiter;
    append_table_cell(shown(cells[i], "\n"), delimiter, lines_);
  }
}

void RowWriter::append_object(std::span<const std::string_view> cells) {
  lines_ += '{';
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) lines_ += ", ";
    append_json_string(lines_, format_.columns[i].name);
    lines_ += ": ";
    const bool is_null = cells[i] == kNoResult || (format_.are_pairs && cells[i] == "null");
    if (is_null || format_.columns[i].is_array || is_json_number(cells[i])) {
      lines_ += shown_result(cells[i]);
    } else {
      append_json_string(lines_, shown(cells[i], "\n"));
    }
  }
  lines_ += '}';
}

}  // namespace quern::output
