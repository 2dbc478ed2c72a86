#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/aggregate.h"
#include "model/job.h"

namespace quern {

// Which values the built-ins of a step take from its mapper: any, or only numbers. Immutable: any thread.
class ValueRule {
 public:
  // Takes all.
  ValueRule() = default;
  // `between` is as in take_pair().
  ValueRule(const Step& step, std::string_view between);

  // Why it does not take the value, or "".
  std::string problem(std::string_view key, std::string_view value) const;
  // The same of the first of the pairs that it does not take. Costs little beside what a module costs.
  std::string first_problem(std::string_view pairs) const;

 private:
  void add(const std::optional<Worker>& worker);

  std::vector<Aggregation::Kind> kinds_;  // that want numbers
  std::string between_;
};

}  // namespace quern
