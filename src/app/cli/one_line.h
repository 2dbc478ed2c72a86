#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace quern::app {

// A job that the options of a command line describe, instead of a job file.
struct OneLine {
  std::vector<std::string> keys;    // paths of --key, in order
  std::vector<std::string> values;  // paths of --value; at most one is possible
  // --sum PATH and so on, in order: the name of the aggregation, and the path or "".
  std::vector<std::pair<std::string, std::string>> aggregates;
  std::optional<std::string> map;     // an expression
  std::optional<std::string> reduce;  // an expression, or the name of a built-in reducer
  bool sets_aggregate = false;        // --set has further aggregations, or all of them
  bool is_javascript = false;
  std::vector<std::string> inputs;

  // Whether there is such a job; --key alone does not make one.
  bool has_job() const { return makes_pairs() || !aggregates.empty() || (sets_aggregate && !keys.empty()); }
  bool makes_pairs() const { return !values.empty() || map.has_value() || reduce.has_value(); }
};

// Returns the text of the job file that this stands for. Fails with kBadConfig, without the command's name, if the
// options do not fit together. Pure.
Result<std::string> job_text_of(const OneLine& line);

}  // namespace quern::app
