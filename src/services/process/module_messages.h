#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/job.h"
#include "model/pair.h"

// The JSON payloads of the child protocol (docs/formats/child-protocol.md). Pure functions.

namespace quern::process {

struct ModuleSetup {
  std::string_view role;  // mapper, combiner or reducer; program: only load it
  RecordKind record = RecordKind::kKeyedJson;
  std::string_view separator;
  PairOutput output;
  ValuesKind values = ValuesKind::kList;
  bool typed = false;                   // values that are numbers come as numbers
  std::chrono::milliseconds timeout{};  // limits.timeout
  std::size_t concurrency = 1;          // of a mapper
  bool loads_only = false;
  bool watches_fields = false;  // a mapper's child tells which parts of its first records are read
  // Lines of records and their packed form, by which the child finds out whether it reads packed records; may be "".
  std::string sample_lines;
  std::string sample_packed;
};
// Returns the payload of SETUP. `script` is absolute.
std::string setup_json(const ModuleSetup& setup, std::string_view script, const Module& module);

struct ModuleReady {
  bool has_teardown = true;   // also if the payload does not say
  bool reads_packed = false;  // records (docs/formats/child-protocol.md)
};
// Parses the payload of READY.
ModuleReady parse_ready(std::string_view payload);

struct ModuleFailure {
  std::string reason;   // one line
  std::string details;  // a traceback; may be ""
};
// Parses the payload of FAILED. A payload that cannot be parsed becomes the reason.
ModuleFailure parse_failure(std::string_view payload);

// Parts of records, as paths of `fields`; "" is the whole record.
struct FieldsRead {
  std::vector<std::string> read;     // with all that is below them
  std::vector<std::string> reached;  // maps that were handed out
};
// Parses the payload of FIELDS. kChildFailed if the child violated the protocol.
Result<FieldsRead> parse_fields(std::string_view payload);

// Parses the payload of COUNTERS. kChildFailed if the child violated the protocol.
Result<std::vector<event::Counted>> parse_counters(std::string_view payload);

}  // namespace quern::process
