#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "base/result.h"
#include "model/block.h"
#include "model/groups.h"
#include "stages/reducer/reducer.h"

namespace quern::reducer {

// Combines the values of one block after another: in a single `function` child, or in a `lines` child for each block.
// Not thread-safe.
class Combiner {
 public:
  virtual ~Combiner() = default;
  virtual Result<void> start() = 0;
  // Whether groups must come in key order, as programs that read lines require.
  virtual bool wants_sorted_keys() const { return false; }
  // Passes the pairs that the module returned to `sink`, with "" as their key. A child that dies is replaced, as for a
  // reducer. Fails, with the cause block as details, also if the module raises: the values would be missing.
  virtual Result<void> combine(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) = 0;
  // To be called after the last block; runs the teardown.
  virtual Result<void> finish() = 0;
};

// `options.role` must be kCombiner, and the module's interface `function` or `lines`.
std::unique_ptr<Combiner> make_combiner(ReducerOptions options, process::Guard& guard, EventSink& events);

// Combines the output of each block (pairs, or lines of text with this separator) and commits the combined pairs to
// `sink`. The combiner is created when the first block arrives. A failure of its teardown at the end is only a warning,
// as every value is combined by then.
std::unique_ptr<BlockSink> make_combining_sink(std::unique_ptr<BlockSink> sink, std::string separator,
                                               std::function<Result<std::unique_ptr<Combiner>>()> make_combiner,
                                               EventSink& events, std::stop_token stop);

}  // namespace quern::reducer
