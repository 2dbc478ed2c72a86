#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "arithmetic/long_integer.h"
#include "arithmetic/number.h"

namespace quern {

// How many numbers there are, their sum and the sum of their squares, all exact, so that neither the order nor the
// grouping of the numbers affects what follows from them. A number with a point or an exponent counts as the nearest
// double. Pure; serialised to bytes between uses.
class ExactMoments {
 public:
  // Reads what append_to() wrote; "" has no numbers.
  explicit ExactMoments(std::string_view bytes);
  void add(const Number& number);
  void add(const ExactMoments& other);
  void append_to(std::string& bytes) const;

  // One text that add_term() reads: the count, and for finite numbers the exponent, the sum and the sum of squares as
  // integers, with spaces between them.
  std::string term() const;
  // Returns false, and changes nothing, if the text is not such a term, or counts more than `most_count` numbers.
  bool add_term(std::string_view term, std::uint64_t most_count);

  // Returns the standard deviation of a sample (divided by count - 1), rounded once; nullopt for fewer than two
  // numbers, NaN if one of them is not finite.
  std::optional<double> deviation() const;

 private:
  void add_scaled(const LongInteger& mantissa, int exponent);
  void lower_exponent(int exponent);
  void add_count(std::uint64_t count);

  std::uint64_t count_ = 0;
  bool is_finite_ = true;
  int exponent_ = 0;     // from kLeastExponent to 0
  LongInteger sum_;      // times 2^exponent_
  LongInteger squares_;  // times 2^(2 exponent_)
};

}  // namespace quern
