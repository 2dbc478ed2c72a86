#pragma once

#include <string>

#include "base/result.h"
#include "model/finding.h"

// Makes findings. Pure functions.

namespace quern::app::doctor {

// Whether the job needs what is checked; without a job, whether this machine is set up for it.
enum class Need { kNeeded, kNotNeeded };

// `what` was checked, and `found` describes what was found.
Finding ok(std::string what, std::string found);
Finding note(std::string what, std::string found, std::string fix = "");
// For something that does not work: kMissing if it is needed, otherwise a note.
Finding lacking(Need need, std::string what, std::string found, std::string fix);
// The same for an error. If a message ends with "; " and advice, the advice becomes the fix unless another is given.
Finding lacking(Need need, std::string what, const Error& error, std::string fix = "");

}  // namespace quern::app::doctor
