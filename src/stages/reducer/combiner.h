#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "base/result.h"
#include "model/block.h"
#include "model/groups.h"
#include "stages/reducer/reducer.h"

namespace quern::reducer {

// A `function` child that combines the values of one block after the other. One thread owns it.
class Combiner {
 public:
  virtual ~Combiner() = default;
  virtual Result<void> start() = 0;
  // Gives the lines that the module returned to `sink`, with "" as their key. An error, with the cause block as
  // details, also when the module raises: the values would be missing.
  virtual Result<void> combine(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) = 0;
  // After the last block: its teardown.
  virtual Result<void> finish() = 0;
};

// `options.role` is kCombiner, and the module's interface `function`.
std::unique_ptr<Combiner> make_function_combiner(ReducerOptions options, process::Guard& guard, EventSink& events);

// Combines what each block gave, and commits that to `sink` instead. The combiner is made when the first block comes.
// What its teardown fails with at the end is told as a warning, as every value is combined by then.
std::unique_ptr<BlockSink> make_combining_sink(std::unique_ptr<BlockSink> sink, std::string separator,
                                               std::function<Result<std::unique_ptr<Combiner>>()> make_combiner,
                                               EventSink& events, std::stop_token stop);

}  // namespace quern::reducer
