#include "base/nearest.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace quern {
namespace {

// A longer word is never near. This bounds the work for words from hostile files.
constexpr std::size_t kLongestWord = 64;
constexpr std::size_t kMostSlips = 3;
// A shorter prefix of a word is too ambiguous.
constexpr std::size_t kShortestBeginning = 3;

std::string folded(std::string_view word) {
  std::string result(word);
  for (char& letter : result) {
    letter = letter == '-' ? '_' : lower_case(letter);
  }
  return result;
}

std::optional<std::string> only_one_that_begins_with(const std::string& word, std::span<const std::string> candidates) {
  if (word.size() < kShortestBeginning) return std::nullopt;
  std::optional<std::string> found;
  for (const std::string& candidate : candidates) {
    if (!folded(candidate).starts_with(word)) continue;
    if (found.has_value()) return std::nullopt;
    found = candidate;
  }
  return found;
}

}  // namespace

// Dynamic programming: the Damerau-Levenshtein distance in its restricted form (optimal string alignment).
std::size_t edit_distance(std::string_view left, std::string_view right) {
  const std::string a = folded(left);
  const std::string b = folded(right);
  // Three rows of the table are kept, because a swap of neighbours looks two rows back.
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  const std::size_t most_slips = std::clamp<std::size_t>(word.size() / 3, 1, kMostSlips);
  const std::string* best = nullptr;
  std::size_t best_distance = most_slips + 1;
  for (const std::string& candidate : candidates) {
    std::size_t distance = edit_distance(word, candidate);
    // A word of one or two letters is not a misspelling of every other short word.
    if (distance >= best_distance || distance >= std::max(word.size(), candidate.size())) continue;
    best_distance = distance;
    best = &candidate;
  }
  if (best != nullptr) return *best;
  return only_one_that_begins_with(folded(word), candidates);
}

std::string one_of(std::span<const std::string> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace quern
