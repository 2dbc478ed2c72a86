#pragma once

#include <initializer_list>
#include <string>

#include "base/result.h"

namespace quern {

// The file of certificate authorities that the environment names: the value of the first of these variables that is
// set; "" for those of libcurl. kBadConfig, with the variable's name, if that file is not there. Blocks for a stat(2).
Result<std::string> certificate_authorities(std::initializer_list<const char*> variables);

}  // namespace quern
