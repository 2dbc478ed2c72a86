#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern {

// Returns how many letters must be inserted, deleted, replaced or swapped with their neighbour to turn one word into
// the other. Ignores case, and treats '-' and '_' as equal.
std::size_t edit_distance(std::string_view left, std::string_view right);

// Returns the candidate that the author of `word` most likely meant: one within a few edits, or the only one that
// starts with `word`. Among equally near ones it returns the first; nullopt if none is near enough to suggest.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// Joins words for a message: "a, b or c".
std::string one_of(std::span<const std::string> words);

}  // namespace quern
