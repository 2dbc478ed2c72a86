#include "stages/reducer/reducer.h"

#include <utility>

#include "stages/reducer/reducers.h"

namespace quern::reducer {

std::unique_ptr<Reducer> Reducer::make(ReducerOptions options, process::Guard& guard, EventSink& events) {
  CHECK(options.module != nullptr && !options.separator.empty());
  switch (options.module->interface) {
    case Interface::kFunction:
      return make_function_reducer(std::move(options), guard, events);
    case Interface::kLines:
      return make_lines_reducer(std::move(options), guard, events);
    case Interface::kFiles:
      return make_files_reducer(std::move(options), guard, events);
  }
  check_failed("a known interface", __FILE__, __LINE__);
}

}  // namespace quern::reducer
