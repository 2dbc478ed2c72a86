#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "stages/shuffle/grouping.h"
#include "stages/shuffle/run_file.h"
#include "stages/shuffle/shelf.h"

namespace quern::shuffle {

// Groups the pairs in `taken`, writes them as one run and frees their memory. Errors are those of group() and of
// RunWriter.
Result<RunFile> spill(Taken taken, const GroupingOptions& grouping, const RunOptions& options);

}  // namespace quern::shuffle
