#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "model/job.h"
#include "model/result_shape.h"

namespace quern::output {

struct RowFormat {
  ResultFormat format = ResultFormat::kText;
  std::vector<ResultColumn> columns;
  std::string separator;  // between the cells of text
  // Whether the columns are `key` and `value`: a line of text without a value is its key alone.
  bool are_pairs = false;
};

// Writes the rows of a result: as text; as a table with a header (RFC 4180, but with a line feed alone at the end of a
// row); or as one JSON object a line. There, a cell that is a JSON number which a double can hold is written as it is,
// kNoResult and, in pairs, "null" are null, and cells of columns with arrays are arrays; others are strings. Not
// thread-safe.
class RowWriter {
 public:
  // `target` is borrowed.
  RowWriter(RowFormat format, ByteSink& target) : format_(std::move(format)), target_(target) {}
  // Writes what comes before the first row. Call it once.
  Result<void> begin();
  // Writes one row, which has a cell for each column.
  Result<void> write(std::span<const std::string_view> cells);
  // Hands the last rows to the target.
  Result<void> finish();

 private:
  void append_text(std::span<const std::string_view> cells);
  void append_table_row(std::span<const std::string_view> cells, char delimiter);
  void append_object(std::span<const std::string_view> cells);

  std::string_view shown(std::string_view cell, std::string_view line_feed);

  const RowFormat format_;
  ByteSink& target_;
  std::string lines_;
  std::string shown_;
};

}  // namespace quern::output
