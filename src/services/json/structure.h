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

// Where the tokens of a JSON text stand: simdjson's first pass, at several GB/s. It tells apart what is in strings and
// what is not, and checks UTF-8, unclosed strings and control characters in strings; it knows no grammar.
// Belongs to one thread; its memory is kept for the next text.
class Structure {
 public:
  Structure();
  Structure(const Structure&) = delete;
  Structure& operator=(const Structure&) = delete;
  ~Structure();

  // "" or what is wrong. Needs no bytes behind the text. A text of blanks only has no tokens.
  std::string find_tokens(std::string_view text);
  // Offsets of { } [ ] : , and of the first byte of every string and other scalar, in order; behind the last one stands
  // the size of the text.
  const std::uint32_t* tokens() const;
  std::size_t count() const { return count_; }

 private:
  bool reserve(std::size_t size);

  std::unique_ptr<simdjson::internal::dom_parser_implementation> implementation_;
  std::size_t capacity_ = 0;
  std::size_t count_ = 0;
};

bool is_utf8(std::string_view text);

// "column 3: byte 0xff" for the first byte that is not UTF-8; "" if there is none.
std::string first_not_utf8(std::string_view text);

}  // namespace quern::json
