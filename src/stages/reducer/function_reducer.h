#pragma once

#include <memory>

#include "stages/reducer/combiner.h"
#include "stages/reducer/reducer.h"

namespace quern::reducer {

// A reducer whose module defines reduce(key, values): runs an interpreter that speaks the child protocol.
std::unique_ptr<Reducer> make_function_reducer(ReducerOptions options, process::Guard& guard, EventSink& events);
std::unique_ptr<Combiner> make_function_combiner(ReducerOptions options, process::Guard& guard, EventSink& events);

}  // namespace quern::reducer
