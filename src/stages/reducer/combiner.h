#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "base/result.h"
#include "model/block.h"
#include "model/groups.h"
#include "stages/reducer/reducer.h"

namespace quern::reducer {

// Combines the values of one block after the other, in one `function` child, or in a `lines` child for each block. One
// thread owns it.
class Combiner {
 public:
  virtual ~Combiner() = default;
  virtual Result<void> start() = 0;
  // Whether groups must come in the order of their keys, as the lines of a program do.
  virtual bool wants_sorted_keys() const { return false; }
  // Gives the pairs that the module returned to `sink`, with "" as their key. A child that dies is replaced, as a
  // reducer's. An error, with the cause block as details, also when the module raises: the values would be missing.
  virtual Result<void> combine(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) = 0;
  // After the last block: its teardown.
  virtual Result<void> finish() = 0;
};

// `options.role` is kCombiner, and the module's interface `function` or `lines`.
std::unique_ptr<Combiner> make_combiner(ReducerOptions options, process::Guard& guard, EventSink& events);

// Combines what each block gave (pairs, or lines of text with that separator), and commits pairs to `sink` instead. The
// combiner is made when the first block comes. What its teardown fails with at the end is told as a warning, as every
// value is combined by then.
std::unique_ptr<BlockSink> make_combining_sink(std::unique_ptr<BlockSink> sink, std::string separator,
                                               std::function<Result<std::unique_ptr<Combiner>>()> make_combiner,
                                               EventSink& events, std::stop_token stop);

}  // namespace quern::reducer
