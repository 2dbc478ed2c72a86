#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/job.h"

// The shape of a job's result: its columns, their order and the format in which they are written. Pure functions.

namespace quern {

struct ResultColumn {
  std::string name;       // of a path that is a single quoted name, without its quotes
  bool is_array = false;  // its values are JSON arrays
};

// The columns of the result: the paths of `group` and the names of `aggregate`, if these make the result; else `key`
// and `value`.
std::vector<ResultColumn> result_columns(const Job& job);
// Whether the result has the columns of `group` and `aggregate`.
bool has_named_columns(const Job& job);
// The column that job.order names, if there is one of that name or with that path. Of two columns with the same name,
// that of `aggregate`.
std::optional<std::size_t> ordered_column(const Job& job);

// Whether the last step must give the result as cells, to be ordered or formatted. Otherwise it writes text.
bool needs_cells(const Job& job);

// A cell within bytes that hold several: its length in decimal digits, a space, and its bytes; kNoResult is "- ". The
// cells of a result
// are the two parts of a pair; of a result with named columns, the key holds the parts of the group (column_value.h)
// and the value the cells of the other columns.
void append_cell(std::string_view cell, std::string& cells);
// Removes the first cell from `cells`. Returns nullopt if there is none.
std::optional<std::string_view> take_cell(std::string_view& cells);

}  // namespace quern
