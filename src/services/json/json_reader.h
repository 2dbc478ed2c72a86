#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "services/json/structure.h"
#include "services/json/walk_plan.h"

namespace quern::json {

// The bytes of a wanted value, unchanged from the text.
struct Capture {
  std::uint32_t number = 0;  // its position in Wanted::captured
  std::string_view text;
};

// What is wrong with a text, for a message, for example "it ends too early", and at which offset.
struct Flaw {
  std::string what;
  std::size_t offset = 0;
  bool has_offset = false;
};

// Walks JSON texts according to a plan: copies parts of them, and finds the bytes of others. Checks the whole text,
// including what is not wanted: it must be JSON (RFC 8259) in UTF-8, nested at most limits::kMaxJsonDepth deep. Does
// not check that a number fits into a type, or that the halves of a \u surrogate pair match.
//
// If several members have the same name, the last one counts, as in Python and JavaScript: captures of earlier ones are
// dropped, and a copy contains all of them, so that its reader does the same.
//
// A copy has the structure of the text but contains only the wanted parts: what is missing in the text is missing in
// the copy. If a path leads into a value of another kind, a scalar is copied and a container becomes {} or [], so that
// reading the part from the copy fails in the same way. Array elements that precede a wanted one are null.
//
// Not thread-safe; `plan` is borrowed. Allocates only until it has reached the size of the longest text.
class JsonReader {
 public:
  explicit JsonReader(const Plan& plan) : plan_(plan), last_visits_(plan.nodes().size(), 0) {}

  // Appends the copy to `copy` if the plan copies. The byte after `text` must be readable, and '\n' or '\0'. Returns
  // false if the text is not JSON; flaw() then returns the reason, and `copy` is unchanged.
  bool read(std::string_view text, Buffer& copy);
  // In text order. Valid as long as the text, until the next read().
  const std::vector<Capture>& captures() const { return captures_; }
  const Flaw& flaw() const { return flaw_; }

 private:
  using Node = Plan::Node;
  bool follow(std::uint32_t node, bool copies);
  bool follow_inside(const Node& node, bool copies);
  bool object(const Node& node, bool copies);
  bool array(const Node& node, bool copies);
  bool other_kind(bool copies);
  std::uint32_t member_node(const Node& node, std::string_view raw_name);
  void forget_earlier(std::uint32_t node, std::size_t first);
  void capture(const Node& node, std::size_t start);

  bool skip();
  bool begin_element(bool is_in_object);
  bool may_be_number_run() const;
  bool skip_name();
  bool skip_scalar();
  void end_value();
  bool name(std::string_view* raw);
  bool scalar();
  bool string(std::size_t start);
  bool escapes_are_right(std::string_view inside, std::size_t start);
  bool literal(std::size_t start, std::string_view word);
  bool number(std::size_t start);
  bool ends_here(std::size_t start, std::size_t end, const char* what);
  bool enter();

  char peek() const { return text_[*next_]; }
  char take() {
    last_ = *next_;
    end_ = last_ + 1;
    return text_[*next_++];
  }
  bool wrong(const char* what, std::size_t offset);
  bool wrong_here(const char* what);

  const Plan& plan_;
  Structure structure_;
  std::vector<Capture> captures_;
  Flaw flaw_;
  // The current text.
  const char* text_ = nullptr;
  std::size_t size_ = 0;
  bool has_backslash_ = false;
  const std::uint32_t* next_ = nullptr;        // the next token
  const std::uint32_t* tokens_end_ = nullptr;  // after the last one
  const std::uint32_t* next_run_ = nullptr;    // do not look for a run of numbers before this token
  std::size_t last_ = 0;                       // offset of the last token taken
  std::size_t end_ = 0;                        // offset after the last value or token
  std::size_t depth_ = 0;
  std::vector<char> is_object_;  // for the containers that skip() is in
  Buffer* copy_ = nullptr;
  std::string unescaped_;
  // When each node was last visited, to detect duplicate members of one object.
  std::vector<std::uint64_t> last_visits_;
  std::uint64_t visits_ = 0;
};

}  // namespace quern::json
