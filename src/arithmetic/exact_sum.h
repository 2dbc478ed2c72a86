#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arithmetic/long_integer.h"
#include "arithmetic/number.h"
#include "base/coding.h"

namespace quern {

// A sum of doubles without any rounding: doubles that do not overlap and whose sum is the exact sum (Shewchuk,
// "Adaptive Precision Floating-Point Arithmetic", 1997; Python's math.fsum uses the same method). Values of 2^1000 and
// more are kept separately and scaled down, so that no intermediate result overflows.
class ExactDoubles {
 public:
  void add(double value);
  std::span<const double> ordinary() const { return {ordinary_.parts.data(), ordinary_.count}; }
  // Each part represents its value times 2^kScale.
  std::span<const double> huge() const { return {huge_.parts.data(), huge_.count}; }
  void add_huge(double scaled) { huge_.add(scaled); }
  static constexpr int kScale = 200;

 private:
  // Two parts are at least 53 binary places apart, of the 2100 that a double can represent.
  struct Parts {
    std::array<double, 48> parts;
    std::size_t count = 0;
    void add(double value);
  };
  Parts ordinary_;
  Parts huge_;
};

// A sum of integers and floating-point numbers that is exact until its final rounding, so that neither the order nor
// the grouping of its values affects the result. Pure; serialised to bytes between uses.
class ExactSum {
 public:
  // Reads a sum that append_to() wrote; "" is the empty sum.
  explicit ExactSum(std::string_view bytes);
  void add(const Number& number);
  void add(const ExactSum& other);
  void append_to(std::string& bytes) const;

  // Appends numbers as text whose exact sum this is. One of them is floating if any added value was. Integers are
  // merged into one number.
  void append_terms(std::vector<std::string>& terms) const;

  // Returns the sum as Python prints it: an integer if all values were integers, else the shortest text that reads as
  // the same double.
  std::string text() const;
  // Returns the exact sum divided by `count`, rounded once.
  double quotient(std::uint64_t count) const;

  // The first byte of a sum of integers that fits 64 bits; the integer follows in the machine's byte order.
  static constexpr char kSmallTag = 0;
  static constexpr std::size_t kSmallBytes = 1 + sizeof(std::int64_t);
  // Adds an integer, or another sum, to the sum that append_to() wrote to `bytes`, if all of these are integers that
  // fit 64 bits. Otherwise returns false. Inline, because each pair of a job may pass through here.
  static bool add_small(char* bytes, std::int64_t term) {
    std::int64_t sum = 0;
    if (*bytes != kSmallTag) return false;
    if (__builtin_add_overflow(load_number<std::int64_t>(bytes + 1), term, &sum)) return false;
    std::memcpy(bytes + 1, &sum, sizeof sum);
    return true;
  }
  static bool add_small(char* bytes, std::string_view other) {
    return other.front() == kSmallTag && add_small(bytes, load_number<std::int64_t>(other.data() + 1));
  }

 private:
  enum Seen : unsigned char { kFloating = 1, kNan = 2, kInfinity = 4, kMinusInfinity = 8 };

  std::string integer_text() const;
  void add_floating(double value);
  void add_integer(std::int64_t value);
  void parse_large(std::string_view bytes);

  std::int64_t small_ = 0;  // of the integers, in addition to long_
  LongInteger long_;
  ExactDoubles doubles_;
  unsigned seen_ = 0;
};

// Formats as Python's repr: "1.0", "1e+16", "nan".
std::string shortest_text(double value);

}  // namespace quern
