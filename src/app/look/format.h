#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "model/job.h"
#include "model/record_format.h"
#include "stages/decode/foreign.h"

// What the decoded bytes of an input are, found out from their beginning. Pure.

namespace quern::app {

struct Piece;

struct Format {
  bool is_empty = true;
  // As a job has them: what a line is, or else what the records are.
  RecordKind kind = RecordKind::kText;
  std::optional<RecordFormat> records;
  bool is_array = false;             // of a JSON document
  std::vector<std::string> columns;  // of a table

  bool is_table() const { return !columns.empty(); }
  bool is_document() const { return records.has_value() && records->kind == RecordFormat::Kind::kJsonDocument; }
  // Whether a record is a map or a list, and not a line of text.
  bool has_paths() const { return records.has_value() || kind != RecordKind::kText; }
  // Whether records are written as JSON, so that a value may be null.
  bool is_json() const { return is_document() || (!records.has_value() && kind != RecordKind::kText); }
};

Format detect_format(const decode::Beginning& content);

// Whether a run reads inputs of both formats with the same setting `record`. What is empty is of no kind.
bool are_of_one_kind(const Format& left, const Format& right);

// Whether the piece, an input as a whole, has a header with the columns of this table, and no more. By itself it is a
// line of text.
bool is_header_of(const Format& table, const Piece& piece);

// "JSON lines", "CSV with a header, 3 columns"
std::string in_words(const Format& format);

// The value of `record` in a job file for inputs of this format: "json", "{csv: {delimiter: \";\"}}".
std::string record_setting(const Format& format);

}  // namespace quern::app
