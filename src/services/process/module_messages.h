#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/job.h"
#include "model/pair.h"

// The JSON payloads of the child protocol (docs/formats/child-protocol.md). Pure.

namespace quern::process {

struct ModuleSetup {
  std::string_view role;    // mapper, combiner or reducer; program: to be loaded only
  std::string_view script;  // absolute
  const std::vector<std::string>& arguments;
  RecordKind record = RecordKind::kKeyedJson;
  std::string_view separator;
  PairOutput output;
  ValuesKind values = ValuesKind::kList;
  std::chrono::milliseconds timeout{};  // limits.timeout
  bool loads_only = false;
};
// The payload of SETUP.
std::string setup_json(const ModuleSetup& setup);

// The payload of READY: whether the module defines teardown(). A payload that does not tell counts as yes.
bool parse_has_teardown(std::string_view payload);

struct ModuleFailure {
  std::string reason;   // one line
  std::string details;  // traceback, may be ""
};
// The payload of FAILED. A payload that cannot be read becomes the reason.
ModuleFailure parse_failure(std::string_view payload);

// The payload of COUNTERS. An error: the child broke the protocol.
Result<std::vector<event::Counted>> parse_counters(std::string_view payload);

}  // namespace quern::process
