#include "services/json/number_run.h"

#include <bit>
#include <cstdint>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace quern::json {

#ifdef __x86_64__
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::uint64_t kAllButLast = ~std::uint64_t{0} >> 1;

// One bit for each byte of a block, the first byte lowest: whether it belongs to the class.
struct Classes {
  std::uint64_t digits = 0;
  std::uint64_t zeros = 0;
  std::uint64_t commas = 0;
  std::uint64_t spaces = 0;
  std::uint64_t minuses = 0;
  std::uint64_t points = 0;
};

std::uint64_t bits_of(int mask, std::size_t shift) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(mask)) << shift;
}

[[gnu::target("avx2,bmi,popcnt")]] Classes classify(const char* at) {
  Classes found;
  for (std::size_t i = 0; i < kBlock; i += sizeof(__m256i)) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + i));
    const __m256i above_zero = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
    const __m256i nine = _mm256_set1_epi8(9);
    found.digits |= bits_of(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(above_zero, nine), above_zero)), i);
    found.zeros |= bits_of(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('0'))), i);
    found.commas |= bits_of(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(','))), i);
    found.spaces |= bits_of(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(' '))), i);
    found.minuses |= bits_of(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('-'))), i);
    found.points |= bits_of(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('.'))), i);
  }
  return found;
}

// Returns the bytes that are not allowed at their position, in a block that begins where a value may begin. The result
// for the last byte of the block may be wrong; that does not matter, because only numbers with their comma count.
[[gnu::always_inline]] inline std::uint64_t misplaced(const Classes& is) {
  auto behind = [](std::uint64_t bits) { return bits << 1; };
  auto before = [](std::uint64_t bits) { return bits >> 1; };
  const std::uint64_t behind_comma = behind(is.commas) | 1;
  const std::uint64_t behind_point = behind(is.points);
  const std::uint64_t first_digits = is.digits & ~behind(is.digits) & ~behind_point;
  // A carry passes through the digits after a point and ends up after the last of them.
  const std::uint64_t fraction_ends = (is.digits + behind_point) & ~is.digits;

  std::uint64_t wrong = ~(is.digits | is.commas | is.spaces | is.minuses | is.points);
  wrong |= is.commas & ~behind(is.digits);
  wrong |= is.spaces & ~behind_comma;
  wrong |= is.minuses & ~(behind_comma | behind(is.spaces));
  wrong |= (is.minuses | is.points) & ~before(is.digits);
  wrong |= is.points & (~behind(is.digits) | fraction_ends);
  wrong |= is.zeros & first_digits & before(is.digits);
  return wrong;
}

[[gnu::target("avx2,bmi,popcnt")]] NumberRun take(const char* at, const char* end) {
  NumberRun run;
  while (static_cast<std::size_t>(end - at) >= kBlock) {
    const Classes is = classify(at);
    const std::uint64_t wrong = misplaced(is);
    // The commas below the lowest wrong bit; all of them if there is no wrong bit.
    const std::uint64_t commas = is.commas & ~wrong & (wrong - 1);
    if (commas == 0) break;
    const std::size_t bytes = kBlock - static_cast<std::size_t>(std::countl_zero(commas));
    run.bytes += bytes;
    run.elements += static_cast<std::size_t>(std::popcount(commas));
    if ((wrong & kAllButLast) != 0) break;
    at += bytes;
  }
  return run;
}

}  // namespace

bool has_number_runs() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("popcnt") != 0;
}

NumberRun number_run(const char* at, const char* end) {
  static const bool can = has_number_runs();
  return can ? take(at, end) : NumberRun{};
}
#else
bool has_number_runs() { return false; }
NumberRun number_run(const char*, const char*) { return {}; }
#endif

}  // namespace quern::json
