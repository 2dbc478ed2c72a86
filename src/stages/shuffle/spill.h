#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "stages/shuffle/grouping.h"
#include "stages/shuffle/run_file.h"
#include "stages/shuffle/shelf.h"

namespace quern::shuffle {

// Groups what was taken and writes it as one run. Afterwards its memory is free. Errors are those of group() and of
// RunWriter.
Result<RunFile> spill(Taken taken, const GroupingOptions& grouping, const RunOptions& options);

}  // namespace quern::shuffle
