#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/accounting.h"

namespace quern::view {

struct AccountingTextOptions {
  bool color = false;
  bool quiet = false;  // only warnings
};
// Returns the closing balance of a run for a person: several lines, each with its '\n'.
std::string accounting_text(const Accounting& accounting, const AccountingTextOptions& options);

// Returns "quern: MESSAGE" and the indented details, each line with its '\n'.
std::string error_text(const Error& error, bool color);

// Returns "data/x.gz: gz: the data ends ...", with the input's name once, even if the message itself contains it.
std::string describe_failed_input(std::string_view name, const Error& error);

}  // namespace quern::view
