#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/utc_time.h"
#include "model/usage.h"
#include "model/wanted_path.h"

namespace quern {

// The times of one mapper child, by its number.
struct ChildUnits {
  std::size_t child = 0;
  UnitTimes units;
};

struct FailedInput {
  std::string name;
  Error error;
};

enum class Outcome { kDone, kDoneWithLosses, kFailed, kStopped };

// The final accounting of a run. Inputs found = mapped + failed + skipped; records read = mapped + bad.
struct Accounting {
  Outcome outcome = Outcome::kFailed;
  std::string job;
  std::string result;             // the result's path; "" if there is none
  std::string failure;            // one line, if outcome is kFailed or kStopped
  std::optional<int> ended_with;  // the exit status if the outcome does not determine it: 128+n, or 2
  // How, where and when the run was made.
  std::string quern_version;
  std::vector<std::string> command;  // without secrets
  std::string host;
  std::optional<UtcTime> started;
  std::optional<UtcTime> ended;
  // The files in the folder of result.json that quern wrote, in this run and in earlier ones.
  std::vector<std::string> files;
  // If this run has no result: the result of an earlier run, which still exists, and when it was written.
  std::string previous_result;
  std::optional<UtcTime> previous_time;
  std::uint64_t inputs_found = 0;
  std::uint64_t inputs_mapped = 0;
  std::uint64_t inputs_failed = 0;
  std::uint64_t inputs_skipped = 0;             // not reached because the run, or the sample, ended first
  std::uint64_t inputs_unverified = 0;          // fetched without a checksum to verify their bytes
  std::vector<FailedInput> failed_inputs;       // in input order
  std::optional<std::uint64_t> sample_records;  // limits.records
  bool is_sample_full = false;                  // so many were read, and the rest of the inputs was not
  std::uint64_t records_read = 0;
  std::uint64_t records_mapped = 0;
  std::uint64_t records_bad = 0;
  // Of the mapped records:
  std::uint64_t records_dropped = 0;        // those that `where` rejected
  std::uint64_t records_without_key = 0;    // those from which `pairs` made no pair because they lack the key
  std::uint64_t records_without_value = 0;  // those with a key but without a value
  std::vector<WantedPath> paths;            // the paths that the job names
  std::uint64_t groups_reduced = 0;
  std::uint64_t groups_bad = 0;
  std::uint64_t groups_as_text = 0;  // groups whose values were compared as text, because none is a number
  std::string first_as_text;         // the first of their keys
  std::uint64_t found_bytes = 0;     // of all inputs, as stored; 0 if not all sizes were known
  std::uint64_t fetched_bytes = 0;   // of remote inputs
  std::uint64_t stored_bytes = 0;
  std::uint64_t decoded_bytes = 0;
  std::uint64_t mapped_output_bytes = 0;
  std::uint64_t result_bytes = 0;
  std::uint64_t children_replaced = 0;
  std::map<std::string, Usage> usage;  // of quern itself and, by role, of children
  std::vector<ChildUnits> units;
  std::map<std::pair<std::string, std::string>, std::int64_t> counters;  // by group and name
  std::vector<std::pair<std::string, std::chrono::nanoseconds>> phases;  // in the order in which they started
  std::chrono::nanoseconds elapsed{};
};

// Whether any input, record or group was left out.
bool has_losses(const Accounting& accounting);

// Returns 0, 1, 3 or `ended_with`, as documented for `quern run`.
int exit_status(const Accounting& accounting);

// Returns warnings about the figures of a run that its owner may not expect, one line each: paths that no record has,
// keys whose values were compared as text, an empty result and its reason. Pure.
std::vector<std::string> warnings_of(const Accounting& accounting);

}  // namespace quern
