#pragma once

#include <cstddef>

namespace quern::json {

// Consecutive elements of an array of numbers, each with its comma.
struct NumberRun {
  std::size_t bytes = 0;     // up to and including the last of these commas
  std::size_t elements = 0;  // numbers, and as many commas
};

// Finds valid numbers (RFC 8259) from `at` on, which is a position in an array where a value may begin. The run
// continues as long as the numbers have no exponent and are separated by a comma, or a comma and one space. Looks at 64
// bytes at a time and never beyond `end`. The run may be shorter than possible, or empty; that says nothing about what
// follows.
//
// The method is that of G. Langdale, D. Lemire, "Parsing Gigabytes of JSON per Second" (VLDB Journal 28, 2019), section
// 3: a word holds one bit per byte for each class of characters, and a rule about neighbours is a shift. On processors
// without AVX2 every run is empty.
NumberRun number_run(const char* at, const char* end);

// Whether this processor has the instructions that number_run() needs. Both functions are thread-safe.
bool has_number_runs();

}  // namespace quern::json
