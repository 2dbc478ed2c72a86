#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "services/json/structure.h"

namespace quern::json {

// Writes JSON texts as Python's own serialization, from which Python builds the same objects several times as fast as
// from JSON. The format is version 4 of the marshal module (Python 3.4 and newer), which is documented only by its
// source: github.com/python/cpython, Python/marshal.c, r_object(). Strings that are names of members are written once
// for each list, and then referred to, so that Python makes one object of them.
//
// Not thread-safe; keeps its memory for the next list.
class MarshalWriter {
 public:
  MarshalWriter() : names_(kSlots) {}

  // Begins a list, which is appended to `target`. `target` and all texts are borrowed until end().
  void begin(Buffer& target);
  // Appends the value of a JSON text (RFC 8259) as an element, exactly as json.loads() of Python makes it. Returns
  // false and appends nothing if it is not certain what that would be, or whether the text is JSON at all. The byte
  // after `text` must be readable, and '\n' or '\0'.
  bool add_json(std::string_view text);
  // Appends a string, which must be UTF-8; bytes; None.
  void add_string(std::string_view text);
  void add_bytes(std::string_view bytes);
  void add_none();
  void end();
  // Returns the number of objects and arrays that were ever written, also of texts that turned out to be uncertain.
  std::uint64_t containers() const { return containers_; }

 private:
  enum class Next { kValue, kEnd, kUncertain };
  // A container that is being written.
  struct Level {
    bool is_object = false;
    std::size_t count_at = 0;  // of a list: offset of its number of elements in the target
    std::uint32_t elements = 0;
  };
  // A member's name that has been written. Names of up to 16 bytes are equal if their sizes, first and last bytes are.
  struct Name {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    const char* text = nullptr;
    std::uint32_t size = 0;
    std::uint32_t number = 0;  // in the order of writing
    std::uint64_t list = 0;    // which list it was written in
    std::uint32_t next = 0;    // slot of the name that followed it last time
  };
  static constexpr std::size_t kSlots = 4096;  // a power of two
  static constexpr std::size_t kMostNames = kSlots / 2;

  bool write(std::string_view text);
  Next start_value();
  Next open();
  Next after_value();
  Next next_part(Level& level);
  void short_integers(Level& level);
  bool name();
  bool expected_name();
  bool string_at_token(std::string_view* inside);
  bool scalar();
  bool word(std::string_view word, char type);
  bool number();
  bool real(const char* at, const char* integer_end);
  bool long_integer(std::string_view digits, bool is_negative);
  bool ends_value(const char* end) const;
  void forget_names_after(std::size_t count);
  void write_text(std::string_view text, unsigned char flag);
  void write_name(std::string_view text);
  bool is_name(const Name& name, std::string_view text) const;
  std::uint64_t word_at(const char* at, std::size_t size) const;
  std::uint32_t slot_of(const Name& wanted) const;

  void make_room(std::size_t bytes);
  void take_room();
  void put(char type) { *out_++ = type; }
  template <typename Number>
  void put(char type, Number number);

  Buffer* target_ = nullptr;
  char* out_ = nullptr;       // in the target, which has enough room for what is being added
  std::size_t count_at_ = 0;  // of the list
  std::uint32_t elements_ = 0;
  std::uint64_t containers_ = 0;
  Structure structure_;
  std::vector<Level> levels_;
  std::vector<Name> names_;             // a hash table with linear probing
  std::vector<std::uint32_t> written_;  // slots of the names, by their number
  std::uint32_t last_name_ = 0;         // slot
  std::uint64_t list_ = 0;
  std::string unescaped_;
  std::vector<std::uint16_t> longs_;  // parts of a long integer, the lowest first
  // The current text.
  std::string_view text_;
  bool has_backslash_ = false;
  bool is_ascii_ = false;
  const std::uint32_t* next_ = nullptr;  // the next token
  const std::uint32_t* tokens_end_ = nullptr;
};

}  // namespace quern::json
