#pragma once

#include <string>

#include "base/result.h"
#include "model/accounting.h"
#include "model/json_fields.h"

// Converts the accounting to and from JSON (docs/formats/result-json.md). Pure functions.

namespace quern {

// The content of result.json.
std::string accounting_json(const Accounting& accounting);

// Convert to a JSON value and back. Times are kept to the microsecond; of errors only kind and message are kept.
// Reading fails with kBadInput, naming the key that is missing or wrong.
Json accounting_value(const Accounting& accounting);
Result<Accounting> read_accounting(const Json& json);

}  // namespace quern
