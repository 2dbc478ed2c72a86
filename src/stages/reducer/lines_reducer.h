#pragma once

#include <memory>

#include "stages/reducer/reducer.h"

namespace quern::reducer {

// A reducer that reads sorted lines on its standard input and writes lines on its standard output.
std::unique_ptr<Reducer> make_lines_reducer(ReducerOptions options, process::Guard& guard, EventSink& events);

}  // namespace quern::reducer
