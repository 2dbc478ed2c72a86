#pragma once

#include <string>

#include "base/result.h"
#include "model/finding.h"

// How findings are made. Pure functions.

namespace quern::app::doctor {

// Whether the job, or without one whatever this machine is set up for, needs what is looked at.
enum class Need { kNeeded, kNotNeeded };

Finding ok(std::string what, std::string found);
Finding note(std::string what, std::string found, std::string fix = "");
// Something that does not work: kMissing if it is needed, else a note.
Finding lacking(Need need, std::string what, std::string found, std::string fix);
// The same of an error. Messages end with what to do, behind "; ": that becomes the fix where no other is given.
Finding lacking(Need need, std::string what, const Error& error, std::string fix = "");

}  // namespace quern::app::doctor
