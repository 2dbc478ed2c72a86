#pragma once

#include <string>

#include "base/result.h"
#include "stages/mapper/mapper.h"

namespace quern::mapper {

// Creates an empty working folder for one child, with links to the entries of the job's folder. A folder that already
// has this name is removed first.
Result<void> prepare_working_folder(const std::string& path, const MapperOptions& options, EventSink& events);

}  // namespace quern::mapper
