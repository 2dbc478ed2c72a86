#pragma once

#include <cstddef>

namespace quern::json {

// Elements of an array of numbers that stand one behind the other, each with its comma.
struct NumberRun {
  std::size_t bytes = 0;     // up to behind the last of these commas
  std::size_t elements = 0;  // numbers, and as many commas
};

// The numbers, right by RFC 8259, at `at`, which stands in an array where a value may begin: as far as they have no
// exponent and nothing but a comma, or a comma and one space, between them. Looks at 64 bytes at once, and no further
// than `end`. A shorter run than there is, or an empty one, says nothing about what follows.
//
// After G. Langdale, D. Lemire, "Parsing Gigabytes of JSON per Second" (VLDB Journal 28, 2019), section 3: bytes become
// bits of a word for each class of character, and a rule about neighbours is a shift. Every run is empty on processors
// without AVX2.
NumberRun number_run(const char* at, const char* end);

// Whether this processor has AVX2. Any thread, as the other.
bool has_number_runs();

}  // namespace quern::json
