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
  // The groups' values already are what their key's values come to; those of unique must be distinct anyway.
  bool is_aggregated = false;
  std::string separator;  // kBetweenInside: pairs are wanted, not text
  std::size_t child = 0;  // number of this reducer, for events, as if it had a child
};

// Writes "key<separator>result\n" for each group, without a child: the one value of sum, count, min, max and mean, a
// JSON array of the values of list, unique and top. A long list goes to the sink piece by piece, each with its key.
// What it says of values that must be numbers and are none, make_aggregated_groups() does.
Result<void> run_builtin_reducer(const BuiltinReducerOptions& options, std::unique_ptr<GroupSource> groups,
                                 ReducedSink& sink, EventSink& events, const std::stop_token& stop);

}  // namespace quern::reducer
