#pragma once

#include <memory>

#include "stages/reducer/reducer.h"

namespace quern::reducer {

// A reducer that reads the name of a file of sorted lines from its standard input and writes result.txt in its working
// folder or, if it does not, its standard output.
std::unique_ptr<Reducer> make_files_reducer(ReducerOptions options, process::Guard& guard, EventSink& events);

}  // namespace quern::reducer
