#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace quern::json {

// Finds the tokens of a JSON text with simdjson's first pass, at several GB/s. It distinguishes what is inside and
// outside of strings, and detects invalid UTF-8, unclosed strings and control characters in strings; it does not check
// the grammar. Not thread-safe; keeps its memory for the next text.
class Structure {
 public:
  Structure();
  Structure(const Structure&) = delete;
  Structure& operator=(const Structure&) = delete;
  ~Structure();

  // Returns "" or the problem. Does not need readable bytes after the text. A text of white space has no tokens.
  std::string find_tokens(std::string_view text);
  // Returns the offsets of { } [ ] : , and of the first byte of every string and other scalar, in order, followed by
  // the size of the text, twice.
  const std::uint32_t* tokens() const;
  std::size_t count() const { return count_; }

 private:
  bool reserve(std::size_t size);

  std::unique_ptr<simdjson::internal::dom_parser_implementation> implementation_;
  std::size_t capacity_ = 0;
  std::size_t count_ = 0;
};

// Returns "column 3: byte 0xff" for the first byte that is not UTF-8; "" if there is none.
std::string first_not_utf8(std::string_view text);

}  // namespace quern::json
