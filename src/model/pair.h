#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/aggregate.h"
#include "model/job.h"

// Pairs as bytes (docs/decisions/0019). Internally a pair is two lines, its key and its value. Neither can contain a
// line feed, so the format is unambiguous. In text a pair is one line "key<separator>value", split at the first
// separator. Pure functions.

namespace quern {

// The separator between a key and its value inside quern; in text it is the job's separator, which is never a line
// feed.
inline constexpr std::string_view kBetweenInside = "\n";

// How a worker writes its pairs.
struct PairOutput {
  bool is_text = false;  // as lines of text
  // Refuses a key that text cannot represent, because `quern reduce` will read these pairs as text.
  bool only_plain = false;
  // The columns of a result that has names for them are cells (model/result_shape.h), not text.
  bool has_cells = false;
  // The values that a record has for columns are written as one pair (model/column_value.h). Only for pairs that go
  // straight to the tables of an aggregation.
  bool joins_columns = false;

  std::string_view between(std::string_view separator) const { return is_text ? separator : kBetweenInside; }
};

// Whether splitting the line "key<separator>value" returns `key`. It may not: a separator such as "::" may first match
// at the end of the key.
bool is_plain_key(std::string_view key, std::string_view separator);

struct PairView {
  std::string_view key;
  std::string_view value;
};
// Removes the first pair from `bytes`, which must not be empty; its last line feed may be missing. A text line without
// a separator is a key with an empty value.
PairView take_pair(std::string_view& bytes, std::string_view between);

// Appends one pair. `between` is kBetweenInside or the job's separator.
void append_pair(std::string_view key, std::string_view between, std::string_view value, Buffer& target);

// Converts complete lines of text into pairs.
void cut_into_pairs(Buffer& lines, std::string_view separator);

// Converts pairs into text; the pairs may arrive in pieces that are split anywhere.
class PairText {
 public:
  explicit PairText(std::string_view separator) : separator_(separator) {}
  void append(std::string_view pairs, Buffer& text);

 private:
  const std::string_view separator_;  // borrowed
  bool in_value_ = false;
};

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

  std::vector<Aggregation> aggregations_;  // of the built-ins that need numbers
  std::string between_;
};

}  // namespace quern
