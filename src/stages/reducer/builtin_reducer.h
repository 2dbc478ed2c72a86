#pragma once

#include <memory>
#include <string>

#include "model/aggregate.h"
#include "model/event.h"
#include "model/groups.h"
#include "stages/reducer/reducer.h"

namespace quern::reducer {

struct BuiltinReducerOptions {
  Aggregation aggregation;
  // The values of the groups already are their keys' aggregates. They must be if the aggregation sorts_values().
  bool is_aggregated = false;
  std::string separator;  // kBetweenInside: write pairs, not text
  // Between columns, and between the parts of their key.
  std::string column_separator;
  // Write columns as cells (PairOutput::has_cells).
  bool has_cells = false;
  std::size_t child = 0;  // number of this reducer, for events, as if it were a child
};

// Writes "key<separator>result\n" for each group, without a child: a JSON array of the values of list, unique and top;
// all columns, with a line even if there is no group where `group` has no path; or a single value. A long list reaches
// the sink in several pieces, each with its key. Values that must be numbers and are not are reported as in
// make_aggregated_groups().
Result<void> run_builtin_reducer(const BuiltinReducerOptions& options, std::unique_ptr<GroupSource> groups,
                                 ReducedSink& sink, EventSink& events, const std::stop_token& stop);

}  // namespace quern::reducer
