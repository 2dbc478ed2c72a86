#include "arithmetic/exact_sum.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/coding.h"
#include "base/result.h"

namespace quern {
namespace {

constexpr char kLargeTag = 1;
constexpr double kHuge = 0x1p1000;
constexpr std::int64_t kExactAsDouble = std::int64_t{1} << kPrecision;

void append_doubles(std::string& bytes, std::span<const double> doubles) {
  bytes.push_back(static_cast<char>(doubles.size()));
  for (double value : doubles) append_number(bytes, value);
}

// Adds `value` times 2^(scale + 1074), which is an integer for every double.
void add_scaled(LongInteger& sum, double value, int scale) {
  int exponent = 0;
  auto mantissa = static_cast<long>(std::ldexp(std::frexp(value, &exponent), kPrecision));
  long shift = long{exponent} - kPrecision + scale - kLeastExponent;
  // The lowest bits of a subnormal number are zero.
  if (shift < 0) mantissa /= 1L << -shift;
  LongInteger term;
  mpz_set_si(term.get(), mantissa);
  mpz_mul_2exp(term.get(), term.get(), static_cast<unsigned long>(std::max(0L, shift)));
  mpz_add(sum.get(), sum.get(), term.get());
}

// Writes a value that is too large for one double as two halves.
void append_huge_terms(std::vector<std::string>& terms, double scaled) {
  double value = std::ldexp(scaled, ExactDoubles::kScale);
  if (std::isfinite(value)) return terms.push_back(shortest_text(value));
  append_huge_terms(terms, scaled / 2);
  append_huge_terms(terms, scaled / 2);
}

}  // namespace

void ExactDoubles::Parts::add(double value) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    double other = parts[i];
    if (std::fabs(value) < std::fabs(other)) std::swap(value, other);
    double high = value + other;
    double low = other - (high - value);
    if (low != 0) parts[kept++] = low;
    value = high;
  }
  if (value != 0) parts[kept++] = value;
  count = kept;
}

void ExactDoubles::add(double value) {
  if (std::fabs(value) >= kHuge) return huge_.add(std::ldexp(value, -kScale));
  ordinary_.add(value);
  if (ordinary_.count == 0) return;
  double largest = ordinary_.parts[ordinary_.count - 1];
  if (std::fabs(largest) < kHuge) return;
  --ordinary_.count;
  huge_.add(std::ldexp(largest, -kScale));
}

ExactSum::ExactSum(std::string_view bytes) {
  if (bytes.empty()) return;
  char tag = bytes.front();
  bytes.remove_prefix(1);
  if (tag == kSmallTag) {
    small_ = take_number<std::int64_t>(bytes);
  } else {
    parse_large(bytes);
  }
}

void ExactSum::parse_large(std::string_view bytes) {
  seen_ = take_number<unsigned char>(bytes);
  small_ = take_number<std::int64_t>(bytes);
  take_integer(bytes, long_);
  for (auto count = take_number<unsigned char>(bytes); count > 0; --count) doubles_.add(take_number<double>(bytes));
  for (auto count = take_number<unsigned char>(bytes); count > 0; --count) {
    doubles_.add_huge(take_number<double>(bytes));
  }
}

void ExactSum::append_to(std::string& bytes) const {
  bool is_small = seen_ == 0 && mpz_sgn(long_.get()) == 0;
  bytes.push_back(is_small ? kSmallTag : kLargeTag);
  if (is_small) return append_number(bytes, small_);
  bytes.push_back(static_cast<char>(seen_));
  append_number(bytes, small_);
  append_integer(bytes, long_);
  append_doubles(bytes, doubles_.ordinary());
  append_doubles(bytes, doubles_.huge());
}

void ExactSum::add_integer(std::int64_t value) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(small_, value, &sum)) {
    small_ = sum;
    return;
  }
  LongInteger term;
  mpz_set_si(term.get(), value);
  mpz_add(long_.get(), long_.get(), term.get());
}

void ExactSum::add_floating(double value) {
  seen_ |= kFloating;
  if (std::isnan(value)) {
    seen_ |= kNan;
  } else if (std::isinf(value)) {
    seen_ |= value > 0 ? kInfinity : kMinusInfinity;
  } else {
    doubles_.add(value);
  }
}

void ExactSum::add(const Number& number) {
  switch (number.kind) {
    case Number::Kind::kInteger:
      return add_integer(number.integer);
    case Number::Kind::kFloating:
      return add_floating(number.floating);
    case Number::Kind::kLongInteger: {
      LongInteger term;
      CHECK(mpz_set_str(term.get(), std::string(number.digits).c_str(), 10) == 0);
      mpz_add(long_.get(), long_.get(), term.get());
      return;
    }
    case Number::Kind::kNone:
      check_failed("a number", __FILE__, __LINE__);
  }
}

void ExactSum::add(const ExactSum& other) {
  add_integer(other.small_);
  mpz_add(long_.get(), long_.get(), other.long_.get());
  for (double part : other.doubles_.ordinary()) doubles_.add(part);
  for (double part : other.doubles_.huge()) doubles_.add_huge(part);
  seen_ |= other.seen_;
}

std::string ExactSum::text() const { return (seen_ & kFloating) != 0 ? shortest_text(quotient(1)) : integer_text(); }

std::string ExactSum::integer_text() const {
  if (mpz_sgn(long_.get()) == 0) return fmt::format("{}", small_);
  LongInteger sum;
  mpz_set_si(sum.get(), small_);
  mpz_add(sum.get(), sum.get(), long_.get());
  return text_of(sum);
}

void ExactSum::append_terms(std::vector<std::string>& terms) const {
  std::size_t before = terms.size();
  for (double part : doubles_.ordinary()) terms.push_back(shortest_text(part));
  for (double part : doubles_.huge()) append_huge_terms(terms, part);
  if ((seen_ & kNan) != 0) terms.emplace_back("nan");
  if ((seen_ & kInfinity) != 0) terms.emplace_back("inf");
  if ((seen_ & kMinusInfinity) != 0) terms.emplace_back("-inf");
  if ((seen_ & kFloating) != 0 && terms.size() == before) terms.emplace_back("0.0");
  std::string integer = integer_text();
  if (terms.size() == before || integer != "0") terms.push_back(std::move(integer));
}

double ExactSum::quotient(std::uint64_t count) const {
  if ((seen_ & kNan) != 0 || ((seen_ & kInfinity) != 0 && (seen_ & kMinusInfinity) != 0)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if ((seen_ & kInfinity) != 0) return std::numeric_limits<double>::infinity();
  if ((seen_ & kMinusInfinity) != 0) return -std::numeric_limits<double>::infinity();
  // Most sums are exact as one double; then the division is the only rounding.
  bool is_exact_as_double = mpz_sgn(long_.get()) == 0 && small_ <= kExactAsDouble && small_ >= -kExactAsDouble &&
                            count <= static_cast<std::uint64_t>(kExactAsDouble) && doubles_.huge().empty();
  if (is_exact_as_double) {
    ExactDoubles all = doubles_;
    all.add(static_cast<double>(small_));
    if (all.ordinary().empty() && all.huge().empty()) return 0;
    if (all.ordinary().size() == 1 && all.huge().empty()) return all.ordinary()[0] / static_cast<double>(count);
  }
  LongInteger sum;
  mpz_set_si(sum.get(), small_);
  mpz_add(sum.get(), sum.get(), long_.get());
  mpz_mul_2exp(sum.get(), sum.get(), -kLeastExponent);
  for (double part : doubles_.ordinary()) add_scaled(sum, part, 0);
  for (double part : doubles_.huge()) add_scaled(sum, part, ExactDoubles::kScale);
  return nearest_double(sum, kLeastExponent, count);
}

std::string shortest_text(double value) {
  if (std::isnan(value)) return "nan";
  std::string text = fmt::format("{}", value);
  bool is_whole = text.find_first_not_of("-0123456789") == std::string::npos;
  return is_whole ? text + ".0" : text;
}

}  // namespace quern
