#pragma once

#include <memory>

#include "stages/reducer/combiner.h"
#include "stages/reducer/reducer.h"

// The reducers and combiners that run a module, one for each interface. Reducer::make and make_combining_sink choose.

namespace quern::reducer {

// A reducer whose module defines reduce(key, values): runs an interpreter that speaks the child protocol.
std::unique_ptr<Reducer> make_function_reducer(ReducerOptions options, process::Guard& guard, EventSink& events);
std::unique_ptr<Combiner> make_function_combiner(ReducerOptions options, process::Guard& guard, EventSink& events);

// A reducer that reads sorted lines from its standard input and writes lines to its standard output.
std::unique_ptr<Reducer> make_lines_reducer(ReducerOptions options, process::Guard& guard, EventSink& events);

// The same as a combiner: each block has a child of its own, because only the end of its input tells a program that it
// has read everything.
std::unique_ptr<Combiner> make_lines_combiner(ReducerOptions options, process::Guard& guard, EventSink& events);

// A reducer that reads the name of a file of sorted lines from its standard input and writes result.txt in its working
// folder or, if it does not, its standard output.
std::unique_ptr<Reducer> make_files_reducer(ReducerOptions options, process::Guard& guard, EventSink& events);

}  // namespace quern::reducer
