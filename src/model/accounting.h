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
#include "model/wanted_path.h"

namespace quern {

struct FailedInput {
  std::string name;
  Error error;
};

enum class Outcome { kDone, kDoneWithLosses, kFailed, kStopped };

// The closing balance of a run. Inputs found = mapped + failed + skipped; records read = mapped + bad.
struct Accounting {
  Outcome outcome = Outcome::kFailed;
  std::string job;
  std::string result;             // where the result is; "" if there is none
  std::string failure;            // one line, if outcome is kFailed or kStopped
  std::optional<int> ended_with;  // exit status, where the outcome does not say it: 128+n, or 2
  // What stands in the folder of result.json and was written by quern: by this run and by those before it.
  std::vector<std::string> files;
  // If there is no result: that of an earlier run, which is still there, and when it was written.
  std::string previous_result;
  std::optional<UtcTime> previous_time;
  std::uint64_t inputs_found = 0;
  std::uint64_t inputs_mapped = 0;
  std::uint64_t inputs_failed = 0;
  std::uint64_t inputs_skipped = 0;        // not reached, because the run ended before
  std::uint64_t inputs_unverified = 0;     // fetched, with nothing to verify their bytes by
  std::vector<FailedInput> failed_inputs;  // in input order
  std::uint64_t records_read = 0;
  std::uint64_t records_mapped = 0;
  std::uint64_t records_bad = 0;
  // Of the mapped ones:
  std::uint64_t records_dropped = 0;        // those that `where` dropped
  std::uint64_t records_without_key = 0;    // those that gave `pairs` nothing for want of a key
  std::uint64_t records_without_value = 0;  // those with a key and no value
  std::vector<WantedPath> paths;            // that the job names
  std::uint64_t groups_reduced = 0;
  std::uint64_t groups_bad = 0;
  std::uint64_t groups_as_text = 0;  // whose values were compared as text, as none is a number
  std::string first_as_text;         // the first of their keys
  std::uint64_t fetched_bytes = 0;   // of remote inputs
  std::uint64_t stored_bytes = 0;
  std::uint64_t decoded_bytes = 0;
  std::uint64_t mapped_output_bytes = 0;
  std::uint64_t result_bytes = 0;
  std::uint64_t children_replaced = 0;
  std::map<std::pair<std::string, std::string>, std::int64_t> counters;  // (group, name)
  std::vector<std::pair<std::string, std::chrono::nanoseconds>> phases;  // in the order in which they started
  std::chrono::nanoseconds elapsed{};
};

// Whether inputs, records or groups were left out.
bool has_losses(const Accounting& accounting);

// 0, 1, 3, or what it ended with, as documented for `quern run`.
int exit_status(const Accounting& accounting);

}  // namespace quern
