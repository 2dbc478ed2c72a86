#pragma once

#include <initializer_list>
#include <string>

#include "base/result.h"

namespace quern {

// Returns the file of certificate authorities that the environment names: the value of the first of these variables
// that is set, or "" if libcurl's default applies. kBadConfig, with the variable's name, if that file does not exist.
// Blocks for one stat(2).
Result<std::string> certificate_authorities(std::initializer_list<const char*> variables);

}  // namespace quern
