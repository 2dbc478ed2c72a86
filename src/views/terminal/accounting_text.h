#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/accounting.h"

namespace quern::view {

// The closing balance of a run for a person: several lines, each with its '\n'.
std::string accounting_text(const Accounting& accounting, bool color);

// "quern: MESSAGE", then the details indented; each line with its '\n'.
std::string error_text(const Error& error, bool color);

// "data/x.gz: gz: the data ends ...": names the input once, whether or not the message does so itself.
std::string describe_failed_input(std::string_view name, const Error& error);

}  // namespace quern::view
