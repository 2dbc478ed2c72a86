#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "services/json/plan.h"
#include "services/json/structure.h"

namespace quern::json {

// The bytes of a wanted value, as they stand in the text.
struct Capture {
  std::uint32_t number = 0;  // its position in Wanted::captured
  std::string_view text;
};

// What is wrong with a text, for a message: "it ends too early", at an offset.
struct Flaw {
  std::string what;
  std::size_t offset = 0;
  bool has_offset = false;
};

// Walks JSON texts by a plan: copies parts of them, and finds the bytes of others. All of a text is checked, also what
// nobody wants: it is JSON by RFC 8259, in UTF-8, nested at most limits::kMaxJsonDepth deep. Not checked: that a number
// fits into some type, and that the halves of a \u surrogate pair stand together.
//
// Of several members of one name the last one counts, as in Python and JavaScript: captures of earlier ones are
// dropped, and a copy holds all of them for its reader to do the same.
//
// A copy has the shape of the text with nothing but the wanted parts: what is missing in the text is missing in the
// copy. Where a path wants to go into a value of another kind, that value is copied if it is a scalar, and as {} or []
// if not, so that who looks for the part fails in the same way. Elements before a wanted one are null.
//
// Belongs to one thread; `plan` is borrowed. Allocates only while it grows to the size of the longest text.
class JsonReader {
 public:
  explicit JsonReader(const Plan& plan) : plan_(plan), last_visits_(plan.nodes().size(), 0) {}

  // Appends the copy to `copy`, if the plan copies. The byte behind `text` must be readable, and '\n' or '\0'.
  // False: the text is not JSON, flaw() says why, and `copy` is as it was.
  bool read(std::string_view text, Buffer& copy);
  // In the order of the text. Valid as long as the text, until the next read().
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
  // The text that is read.
  const char* text_ = nullptr;
  std::size_t size_ = 0;
  bool has_backslash_ = false;
  const std::uint32_t* next_ = nullptr;        // the next token
  const std::uint32_t* tokens_end_ = nullptr;  // behind the last one
  const std::uint32_t* next_run_ = nullptr;    // no run of numbers is looked for before
  std::size_t last_ = 0;                       // offset of the last token that was taken
  std::size_t end_ = 0;                        // offset behind the last value or token
  std::size_t depth_ = 0;
  std::vector<char> is_object_;  // of the containers that skip() is in
  Buffer* copy_ = nullptr;
  std::string unescaped_;
  // When each node was met last, to see members that stand twice in one object.
  std::vector<std::uint64_t> last_visits_;
  std::uint64_t visits_ = 0;
};

}  // namespace quern::json
