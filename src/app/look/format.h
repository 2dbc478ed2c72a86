#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/decode/foreign.h"

// What the decoded bytes of an input are, found out from their beginning. Pure.

namespace quern::app {

struct Format {
  enum class Kind { kEmpty, kJson, kKeyedJson, kDocument, kArray, kTable, kCombined, kCommon, kText };
  Kind kind = Kind::kEmpty;
  // Only for tables.
  char delimiter = ',';
  bool has_header = true;
  std::vector<std::string> columns;  // of the header, or else column1, column2 and so on

  bool operator==(const Format&) const = default;
  bool is_json() const { return kind >= Kind::kJson && kind <= Kind::kArray; }
  // Whether a record is a line, so that one can begin to read after any line end.
  bool is_lines() const { return kind != Kind::kTable && kind != Kind::kDocument && kind != Kind::kArray; }
  // Whether records have paths that are known here.
  bool has_paths() const { return is_json() || kind == Kind::kTable; }
};

Format detect_format(const decode::Beginning& content);

// "JSON lines", "CSV with ';' between columns and a header"
std::string in_words(const Format& format);

// The value of `record` in a job file for inputs of this format: "json", "{csv: {delimiter: \";\"}}". All that looks at
// a format to write a job has it from here.
std::string record_setting(const Format& format);

// Splits a row of RFC 4180, whose quoted fields may contain delimiters, quotes and line ends. Returns the bytes of the
// row with its line end; 0 if its end is not in `text`, unless `is_all`.
std::size_t read_row(std::string_view text, char delimiter, bool is_all, std::vector<std::string>& fields);

}  // namespace quern::app
