#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"

// Pairs as bytes (docs/decisions/0019). Inside quern a pair is two lines, its key and its value, neither of which can
// contain a line feed, so nothing in them can be taken for anything else. In text it is one line
// "key<separator>value", cut at the first separator. Pure.

namespace quern {

// What stands between a key and its value: this inside quern, the job's separator in text. No separator is a line feed.
inline constexpr std::string_view kBetweenInside = "\n";

// How a worker writes its pairs.
struct PairOutput {
  bool is_text = false;  // as lines of text
  // Refuses a key that text cannot say: `quern reduce` will read these pairs as text.
  bool only_plain = false;

  std::string_view between(std::string_view separator) const { return is_text ? separator : kBetweenInside; }
};

// Whether the line "key<separator>value" is cut where it was joined. A separator such as "::" may also be found where
// the key's last bytes meet it.
bool is_plain_key(std::string_view key, std::string_view separator);

struct PairView {
  std::string_view key;
  std::string_view value;
};
// Takes the first pair off `bytes`, which are not empty; their last line feed may be missing. A line of text without
// the separator is a key with an empty value.
PairView take_pair(std::string_view& bytes, std::string_view between);

// Appends one pair. `between` is kBetweenInside or the separator.
void append_pair(std::string_view key, std::string_view between, std::string_view value, Buffer& target);

// Makes pairs of whole lines of text.
void cut_into_pairs(Buffer& lines, std::string_view separator);

// Makes text of pairs that come in pieces, wherever these are cut.
class PairText {
 public:
  explicit PairText(std::string_view separator) : separator_(separator) {}
  void append(std::string_view pairs, Buffer& text);

 private:
  const std::string_view separator_;  // borrowed
  bool in_value_ = false;
};

}  // namespace quern
