#include "model/value_rule.h"

#include <algorithm>

#include "arithmetic/number.h"
#include "model/pair.h"

namespace quern {
namespace {

// Accepts up to 18 digits with an optional sign, which covers most numbers cheaply.
bool is_short_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char byte) { return byte >= '0' && byte <= '9'; });
}

}  // namespace

ValueRule::ValueRule(const Step& step, std::string_view between) : between_(between) {
  // A combiner module may take any values.
  if (step.combiner.has_value() && step.combiner->module.has_value()) return;
  add(step.combiner);
  add(step.reducer);
}

void ValueRule::add(const std::optional<Worker>& worker) {
  if (!worker.has_value() || !worker->builtin.has_value()) return;
  Aggregation::Kind kind = aggregation_of(*worker->builtin).kind;
  if (needs_numbers(kind)) kinds_.push_back(kind);
}

std::string ValueRule::problem(std::string_view key, std::string_view value) const {
  if (kinds_.empty() || is_short_integer(value)) return "";
  const Number number = parse_number(value);
  auto refuses = [&](Aggregation::Kind kind) { return !takes_number(kind, number); };
  auto kind = std::find_if(kinds_.begin(), kinds_.end(), refuses);
  return kind == kinds_.end() ? "" : not_a_number(*kind, key, value);
}

std::string ValueRule::first_problem(std::string_view pairs) const {
  while (!kinds_.empty() && !pairs.empty()) {
    const PairView pair = take_pair(pairs, between_);
    if (is_short_integer(pair.value)) continue;
    if (std::string found = problem(pair.key, pair.value); !found.empty()) return found;
  }
  return "";
}

}  // namespace quern
