#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/aggregate.h"
#include "model/job.h"

namespace quern {

// Which values the built-ins of a step accept from its mapper: any, or only numbers. Immutable, so thread-safe.
class ValueRule {
 public:
  // Accepts everything.
  ValueRule() = default;
  // `between` is that of take_pair().
  ValueRule(const Step& step, std::string_view between);

  // Returns why the value is refused, or "" if it is accepted.
  std::string problem(std::string_view key, std::string_view value) const;
  // Returns the problem of the first refused pair, or "". Cheap compared with running a module.
  std::string first_problem(std::string_view pairs) const;

 private:
  void add(const std::optional<Worker>& worker);

  std::vector<Aggregation::Kind> kinds_;  // of the built-ins that need numbers
  std::string between_;
};

}  // namespace quern
