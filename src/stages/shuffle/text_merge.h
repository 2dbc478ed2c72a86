#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "model/groups.h"
#include "model/limits.h"

namespace quern::limits {

// How many runs one merge reads at once. With little limits.memory it is fewer.
inline constexpr std::size_t kMergeFanIn = 64;
inline constexpr std::size_t kLeastMergeFanIn = 8;

// The longest line of a map task's result.
inline constexpr std::size_t kMaxPairBytes = 64 * kMiB;

}  // namespace quern::limits

namespace quern::shuffle {

// One sorted text of pairs, as `quern map` or a map task writes it: keys in byte order.
struct SortedText {
  std::string name;  // for errors
  std::function<Result<std::unique_ptr<ByteSource>>()> open;
};

struct TextMergeOptions {
  std::string separator;           // of lines "key<separator>value"; kBetweenInside if the text consists of pairs
  std::uint64_t memory_bytes = 0;  // for the buffers of all texts that are read at once
  std::string scratch_folder;      // where texts are merged into fewer if there are too many to read at once
};

// Returns the pairs of all texts, grouped: keys in byte order; the values of a key in the order of the texts and,
// within a text, of its lines. Not thread-safe; blocks on the sources. Fails, naming the text and the pair, if a pair
// is out of order, incomplete or longer than limits::kMaxPairBytes.
Result<std::unique_ptr<GroupSource>> merge_texts(std::vector<SortedText> texts, const TextMergeOptions& options,
                                                 const std::stop_token& stop);

}  // namespace quern::shuffle
