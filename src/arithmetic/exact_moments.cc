#include "arithmetic/exact_moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/coding.h"
#include "base/result.h"

namespace quern {
namespace {

// The bits of a root that are enough to round it: more than a double has, and one that says on which side of a tie it
// is.
constexpr long kRootBits = kPrecision + 13;

unsigned long shift_of(int exponent) { return static_cast<unsigned long>(exponent); }

// Removes a number and the space after it, if there is one.
template <typename Integer>
bool take_decimal(std::string_view& text, Integer& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return true;
}

}  // namespace

ExactMoments::ExactMoments(std::string_view bytes) {
  if (bytes.empty()) return;
  count_ = take_number<std::uint64_t>(bytes);
  is_finite_ = take_number<char>(bytes) != 0;
  exponent_ = take_number<std::int32_t>(bytes);
  take_integer(bytes, sum_);
  take_integer(bytes, squares_);
}

void ExactMoments::append_to(std::string& bytes) const {
  append_number(bytes, count_);
  append_number(bytes, static_cast<char>(is_finite_ ? 1 : 0));
  append_number(bytes, static_cast<std::int32_t>(exponent_));
  append_integer(bytes, sum_);
  append_integer(bytes, squares_);
}

// Stops at the largest number: only damaged terms get there.
void ExactMoments::add_count(std::uint64_t count) {
  if (__builtin_add_overflow(count_, count, &count_)) count_ = std::numeric_limits<std::uint64_t>::max();
}

void ExactMoments::lower_exponent(int exponent) {
  if (exponent >= exponent_) return;
  mpz_mul_2exp(sum_.get(), sum_.get(), shift_of(exponent_ - exponent));
  mpz_mul_2exp(squares_.get(), squares_.get(), shift_of(2 * (exponent_ - exponent)));
  exponent_ = exponent;
}

void ExactMoments::add_scaled(const LongInteger& mantissa, int exponent) {
  lower_exponent(exponent);
  LongInteger term;
  mpz_mul_2exp(term.get(), mantissa.get(), shift_of(exponent - exponent_));
  mpz_add(sum_.get(), sum_.get(), term.get());
  mpz_addmul(squares_.get(), term.get(), term.get());
}

void ExactMoments::add(const Number& number) {
  LongInteger mantissa;
  int exponent = 0;
  switch (number.kind) {
    case Number::Kind::kInteger:
      mpz_set_si(mantissa.get(), number.integer);
      break;
    case Number::Kind::kLongInteger:
      CHECK(parse_integer(number.digits, mantissa));
      break;
    case Number::Kind::kFloating: {
      if (!std::isfinite(number.floating)) is_finite_ = false;
      const BinaryParts parts = std::isfinite(number.floating) ? parts_of(number.floating) : BinaryParts{};
      mpz_set_si(mantissa.get(), parts.mantissa);
      exponent = parts.exponent;
      break;
    }
    case Number::Kind::kNone:
      check_failed("a number", __FILE__, __LINE__);
  }
  add_count(1);
  add_scaled(mantissa, exponent);
}

void ExactMoments::add(const ExactMoments& other) {
  add_count(other.count_);
  is_finite_ = is_finite_ && other.is_finite_;
  lower_exponent(other.exponent_);
  LongInteger term;
  mpz_mul_2exp(term.get(), other.sum_.get(), shift_of(other.exponent_ - exponent_));
  mpz_add(sum_.get(), sum_.get(), term.get());
  mpz_mul_2exp(term.get(), other.squares_.get(), shift_of(2 * (other.exponent_ - exponent_)));
  mpz_add(squares_.get(), squares_.get(), term.get());
}

std::string ExactMoments::term() const {
  if (!is_finite_) return fmt::format("{}", count_);
  return fmt::format("{} {} {} {}", count_, exponent_, text_of(sum_), text_of(squares_));
}

bool ExactMoments::add_term(std::string_view term, std::uint64_t most_count) {
  ExactMoments read("");
  if (!take_decimal(term, read.count_) || read.count_ == 0 || read.count_ > most_count) return false;
  read.is_finite_ = !term.empty();
  if (read.is_finite_) {
    if (!take_decimal(term, read.exponent_) || read.exponent_ > 0 || read.exponent_ < kLeastExponent) return false;
    const std::size_t blank = term.find(' ');
    if (blank == std::string_view::npos || !parse_integer(term.substr(0, blank), read.sum_)) return false;
    if (!parse_integer(term.substr(blank + 1), read.squares_)) return false;
  }
  add(read);
  return true;
}

// The variance is (count * squares - sum^2) / (count * (count - 1)). Its root is that of an integer with enough bits,
// which are followed by one that says whether anything was dropped.
std::optional<double> ExactMoments::deviation() const {
  if (count_ < 2) return std::nullopt;
  if (!is_finite_) return std::numeric_limits<double>::quiet_NaN();
  LongInteger above;
  LongInteger below;
  mpz_mul_ui(above.get(), squares_.get(), count_);
  mpz_submul(above.get(), sum_.get(), sum_.get());
  // Sums that are less than 0 come from damaged terms.
  if (mpz_sgn(above.get()) <= 0) return 0;
  mpz_set_ui(below.get(), count_);
  mpz_mul_ui(below.get(), below.get(), count_ - 1);
  const auto bits =
      static_cast<long>(mpz_sizeinbase(above.get(), 2)) - static_cast<long>(mpz_sizeinbase(below.get(), 2));
  const long shift = (std::max(0L, 2 * kRootBits - bits) + 1) / 2 * 2;
  LongInteger rest;
  mpz_mul_2exp(above.get(), above.get(), static_cast<unsigned long>(shift));
  mpz_tdiv_qr(above.get(), rest.get(), above.get(), below.get());
  bool is_exact = mpz_sgn(rest.get()) == 0;
  mpz_sqrtrem(above.get(), rest.get(), above.get());
  is_exact = is_exact && mpz_sgn(rest.get()) == 0;
  mpz_mul_2exp(above.get(), above.get(), 1);
  if (!is_exact) mpz_add_ui(above.get(), above.get(), 1);
  return nearest_double(above, exponent_ - shift / 2 - 1, 1);
}

}  // namespace quern
