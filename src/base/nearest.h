#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern {

// How many letters must be put in, left out, replaced or swapped with their neighbour to turn one word into the other.
// Upper and lower case are the same, and so are '-' and '_'.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The candidate that somebody who wrote `word` most likely meant: few slips away from it, or the only one that it
// begins. None if nothing is near enough to be worth a guess. Of equally near ones, the first.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// "a, b or c".
std::string one_of(std::span<const std::string> words);

}  // namespace quern
