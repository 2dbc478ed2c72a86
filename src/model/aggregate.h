#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arithmetic/number.h"
#include "base/result.h"
#include "model/job.h"

// The built-in reducers and combiners (docs/job-file.md), as pure code.

namespace quern {

struct Aggregation {
  enum class Kind { kSum, kCount, kMean, kMin, kMax, kList, kUnique, kTop };
  Kind kind = Kind::kCount;
  std::uint64_t top_count = 0;  // of kTop
  bool operator==(const Aggregation&) const = default;
};
// Of a built-in reducer or combiner.
Aggregation aggregation_of(const Builtin& builtin);
std::string_view name_of(Aggregation::Kind kind);
// In the order of Kind.
std::span<const std::string_view> aggregation_names();

// Makes one state of any number of values, in any order and grouping, with the same result. A state is bytes: "" is
// that of no values yet. For kList and kUnique the state would be all the values: keeps_state() is false, and nothing
// else may be called.
class Aggregator {
 public:
  explicit Aggregator(Aggregation aggregation) : aggregation_(aggregation) {}

  Aggregation aggregation() const { return aggregation_; }
  bool keeps_state() const;
  // Whether its terms are values: not for kCount and kMean, whose state says how many values there were.
  bool terms_are_values() const;

  // False: the value had to be a number and is none; the state is as it was.
  bool add(std::string& state, std::string_view value) const;
  // The same where the state lies, which stays as long as it is. False: it is as it was, and add() has to do it.
  bool add_in_place(std::span<char> state, std::string_view value) const;
  void merge(std::string& state, std::string_view other) const;
  // What the values come to: the N largest, largest first, of kTop, else one.
  void finish(std::string_view state, std::vector<std::string>& values) const;
  // Of kMin and kMax, which take the numbers of a key if it has any, and else compare its values as bytes: the best of
  // the values that are no numbers (NaN is none), if there is one.
  std::optional<std::string_view> text_of(std::string_view state) const;
  bool has_number(std::string_view state) const;
  // Texts that come to the same state when they are added one by one: few, whatever it was made of. They are what
  // docs/formats/part.md shows.
  void append_terms(std::string_view state, std::vector<std::string>& terms) const;
  // False: the text cannot be read as a term; the state has not changed.
  bool add_term(std::string& state, std::string_view term) const;

 private:
  Aggregation aggregation_;
};

// Whether it takes nothing but numbers.
bool needs_numbers(Aggregation::Kind kind);
// Whether such a one takes this value: sum and mean any number, top no NaN, as that has no place in an order.
bool takes_number(Aggregation::Kind kind, const Number& value);

// "the value 'x' of the key 'k' is no number", and what to do.
std::string not_a_number(Aggregation::Kind kind, std::string_view key, std::string_view value);
// The same of a key with numbers and, such as this one, other values.
std::string not_only_numbers(Aggregation::Kind kind, std::string_view value);

// Appends `text` as a JSON string; bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& target, std::string_view text);

}  // namespace quern
