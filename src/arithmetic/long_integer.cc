#include "arithmetic/long_integer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/coding.h"

namespace quern {

void append_integer(std::string& bytes, const LongInteger& integer) {
  std::size_t count = (mpz_sizeinbase(integer.get(), 2) + 7) / 8;
  append_number(bytes, static_cast<std::uint32_t>(count));
  bytes.push_back(mpz_sgn(integer.get()) < 0 ? 1 : 0);
  std::size_t begin = bytes.size();
  bytes.resize(begin + count);
  mpz_export(bytes.data() + begin, nullptr, -1, 1, 0, 0, integer.get());
}

void take_integer(std::string_view& bytes, LongInteger& integer) {
  auto count = take_number<std::uint32_t>(bytes);
  bool is_negative = take_number<char>(bytes) != 0;
  mpz_import(integer.get(), count, -1, 1, 0, 0, bytes.substr(0, count).data());
  if (is_negative) mpz_neg(integer.get(), integer.get());
  bytes.remove_prefix(count);
}

std::string text_of(const LongInteger& integer) {
  std::string text(mpz_sizeinbase(integer.get(), 10) + 2, '\0');
  mpz_get_str(text.data(), 10, integer.get());
  text.resize(std::strlen(text.c_str()));
  return text;
}

bool parse_integer(std::string_view text, LongInteger& integer) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
  return mpz_set_str(integer.get(), std::string(text).c_str(), 10) == 0;
}

double nearest_double(const LongInteger& numerator, long exponent, std::uint64_t denominator) {
  if (mpz_sgn(numerator.get()) == 0) return 0;
  // Shift far enough that the quotient has more bits than are kept; the remainder then only decides ties.
  auto places = static_cast<long>(mpz_sizeinbase(numerator.get(), 2));
  long shift = std::max(0L, kPrecision + 13 + static_cast<long>(std::bit_width(denominator)) - places);
  LongInteger quotient;
  mpz_abs(quotient.get(), numerator.get());
  mpz_mul_2exp(quotient.get(), quotient.get(), static_cast<unsigned long>(shift));
  bool has_rest = mpz_tdiv_q_ui(quotient.get(), quotient.get(), denominator) != 0;
  exponent -= shift;
  auto dropped = static_cast<unsigned long>(
      std::max(static_cast<long>(mpz_sizeinbase(quotient.get(), 2)) - kPrecision, kLeastExponent - exponent));
  bool is_half = mpz_tstbit(quotient.get(), dropped - 1) != 0;
  bool is_above = has_rest || mpz_scan1(quotient.get(), 0) < dropped - 1;
  mpz_tdiv_q_2exp(quotient.get(), quotient.get(), dropped);
  if (is_half && (is_above || mpz_odd_p(quotient.get()) != 0)) mpz_add_ui(quotient.get(), quotient.get(), 1);
  double value = std::ldexp(mpz_get_d(quotient.get()), static_cast<int>(exponent + static_cast<long>(dropped)));
  return mpz_sgn(numerator.get()) < 0 ? -value : value;
}

BinaryParts parts_of(double value) {
  BinaryParts parts;
  if (value == 0) return parts;
  parts.mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &parts.exponent), kPrecision));
  const int zeros = std::countr_zero(static_cast<std::uint64_t>(parts.mantissa));
  parts.mantissa /= std::int64_t{1} << zeros;
  parts.exponent += zeros - kPrecision;
  return parts;
}

}  // namespace quern
