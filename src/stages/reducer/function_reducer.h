#pragma once

#include <memory>

#include "stages/reducer/reducer.h"

namespace quern::reducer {

// A reducer whose module defines reduce(key, values): an interpreter that speaks the child protocol.
std::unique_ptr<Reducer> make_function_reducer(ReducerOptions options, process::Guard& guard, EventSink& events);

}  // namespace quern::reducer
