#pragma once

#include <memory>

#include "stages/reducer/combiner.h"
#include "stages/reducer/reducer.h"

namespace quern::reducer {

// A reducer that reads sorted lines from its standard input and writes lines to its standard output.
std::unique_ptr<Reducer> make_lines_reducer(ReducerOptions options, process::Guard& guard, EventSink& events);

// The same as a combiner: each block has a child of its own, because only the end of its input tells a program that it
// has read everything.
std::unique_ptr<Combiner> make_lines_combiner(ReducerOptions options, process::Guard& guard, EventSink& events);

}  // namespace quern::reducer
