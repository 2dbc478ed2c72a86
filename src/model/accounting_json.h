#pragma once

#include <string>

#include "base/result.h"
#include "model/accounting.h"
#include "model/json_fields.h"

// The accounting as JSON (docs/formats/result-json.md). Pure functions.

namespace quern {

// The content of result.json.
std::string accounting_json(const Accounting& accounting);

// The same as a value, and back: times to the microsecond, and of errors their kind and message. kBadInput, naming the
// key that is missing or wrong.
Json accounting_value(const Accounting& accounting);
Result<Accounting> read_accounting(const Json& json);

}  // namespace quern
