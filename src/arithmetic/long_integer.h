#pragma once

#include <gmp.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace quern {

// A signed integer of any length, by GMP.
class LongInteger {
 public:
  LongInteger() { mpz_init(value_); }
  LongInteger(const LongInteger&) = delete;
  LongInteger& operator=(const LongInteger&) = delete;
  ~LongInteger() { mpz_clear(value_); }
  mpz_ptr get() { return value_; }
  mpz_srcptr get() const { return value_; }

 private:
  mpz_t value_;
};

// Writes an integer to bytes, and reads it back from the beginning of bytes.
void append_integer(std::string& bytes, const LongInteger& integer);
void take_integer(std::string_view& bytes, LongInteger& integer);

// In decimal digits.
std::string text_of(const LongInteger& integer);
// Reads decimal digits, with a '-' before them if the integer is negative. Returns false if the text is not that.
bool parse_integer(std::string_view text, LongInteger& integer);

// Returns numerator * 2^exponent / denominator, rounded to the nearest double, half to even.
double nearest_double(const LongInteger& numerator, long exponent, std::uint64_t denominator);

// A finite double is exactly mantissa * 2^exponent; the mantissa is odd, or 0.
struct BinaryParts {
  std::int64_t mantissa = 0;
  int exponent = 0;
};
BinaryParts parts_of(double value);

inline constexpr int kLeastExponent = -1074;  // of the smallest positive double
inline constexpr int kPrecision = 53;         // bits of a double

}  // namespace quern
