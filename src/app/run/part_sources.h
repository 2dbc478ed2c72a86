#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/run/local_run.h"
#include "base/result.h"
#include "base/stream.h"
#include "model/aggregated_groups.h"
#include "stages/output/output.h"
#include "stages/shuffle/text_merge.h"

// The inputs of reduce, merge and collect tasks: what other tasks of the job left, each perhaps compressed.

namespace quern::app {

// The decoded bytes of one input. At their verified end it says what became of the input.
Result<std::unique_ptr<ByteSource>> open_part(const LocalRun& run, InputOrdinal input);

// The inputs [first, first + count) as sorted texts. They borrow the run.
std::vector<shuffle::SortedText> sorted_parts(const LocalRun& run, std::size_t first, std::size_t count);

// The same inputs one after the other to `target`, as they are. Blocks.
Result<void> concatenate_parts(const LocalRun& run, std::size_t first, std::size_t count, ByteSink& target);

// Their pairs, grouped; of a built-in combiner or reducer what it makes of each key's values, as `to` has it. Values
// stay in the order of the inputs.
Result<std::unique_ptr<GroupSource>> merged_parts(const LocalRun& run, std::size_t first, std::size_t count,
                                                  const std::string& scratch_folder, AggregatedTo to);

}  // namespace quern::app
