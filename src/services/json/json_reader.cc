#include "services/json/json_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "model/limits.h"
#include "services/json/number_run.h"
#include "services/json/value_text.h"

namespace quern::json {
namespace {

constexpr std::ptrdiff_t kRunTokens = 16;

// Returns the position after the number at `at`, or nullptr if there is no number. The byte after the text ends every
// number.
const char* end_of_number(const char* at) {
  if (*at == '-') ++at;
  if (!is_digit(*at)) return nullptr;
  at = *at == '0' ? at + 1 : skip_digits(at);
  if (*at == '.') {
    if (!is_digit(at[1])) return nullptr;
    at = skip_digits(at + 1);
  }
  if (*at == 'e' || *at == 'E') {
    ++at;
    if (*at == '+' || *at == '-') ++at;
    if (!is_digit(*at)) return nullptr;
    at = skip_digits(at);
  }
  return at;
}

// Whether the `size` bytes at `at` are an unsigned integer, checked in one step if eight bytes can be read. A result of
// false is inconclusive. Most numbers in telemetry are small counts; all others are read digit by digit.
bool is_short_integer(const char* at, std::size_t size, const char* end) {
  if (size == 1) return is_digit(*at);
  if (size > kWordBytes || static_cast<std::size_t>(end - at) < kWordBytes || *at == '0') return false;
  std::uint64_t word = 0;
  std::memcpy(&word, at, kWordBytes);
  // Shifts out what follows the number and fills up with zeros, which are digits.
  unsigned others = static_cast<unsigned>(kWordBytes - size) * 8;
  word <<= others;
  word |= 0x3030303030303030U & ((std::uint64_t{1} << others) - 1);
  std::uint64_t high = word & 0xf0f0f0f0f0f0f0f0U;
  std::uint64_t carried = (word + 0x0606060606060606U) & 0xf0f0f0f0f0f0f0f0U;
  return (high | carried >> 4) == 0x3333333333333333U;
}

}  // namespace

bool JsonReader::read(std::string_view text, Buffer& copy) {
  captures_.clear();
  text_ = text.data();
  size_ = text.size();
  copy_ = &copy;
  depth_ = 0;
  std::size_t copied_before = copy.size();
  if (std::string problem = structure_.find_tokens(text); !problem.empty()) {
    flaw_ = {.what = std::move(problem)};
    return false;
  }
  // A backslash outside of a string is detected as invalid, like any other character there.
  has_backslash_ = std::memchr(text_, '\\', size_) != nullptr;
  next_ = structure_.tokens();
  tokens_end_ = next_ + structure_.count();
  next_run_ = next_;
  bool is_right = follow(0, plan_.copies());
  if (is_right && *next_ != size_) is_right = wrong("something follows its end", *next_);
  if (!is_right) copy.resize(copied_before);
  return is_right;
}

bool JsonReader::follow(std::uint32_t number, bool copies) {
  const Node& node = plan_.nodes()[number];
  std::size_t start = *next_;
  bool copies_inside = copies && !node.is_copied;
  if (!follow_inside(node, copies_inside)) return false;
  if (copies && node.is_copied) copy_->append({text_ + start, end_ - start});
  if (!node.captures.empty()) capture(node, start);
  return true;
}

bool JsonReader::follow_inside(const Node& node, bool copies) {
  if (peek() == '{' && !node.members.empty()) return object(node, copies);
  if (peek() == '[' && node.has_elements()) return array(node, copies);
  return other_kind(copies);
}

bool JsonReader::object(const Node& node, bool copies) {
  take();
  if (!enter()) return false;
  if (copies) copy_->push_back('{');
  std::uint64_t visit = ++visits_;
  std::size_t first_capture = captures_.size();
  bool is_first = true;
  bool is_empty = peek() == '}';
  while (!is_empty) {
    std::string_view raw;
    if (!name(&raw)) return false;
    std::uint32_t child = member_node(node, raw);
    if (child == Plan::kNone) {
      if (!skip()) return false;
    } else {
      if (std::exchange(last_visits_[child], visit) == visit) forget_earlier(child, first_capture);
      bool copies_child = copies && plan_.nodes()[child].leads_to_copied;
      if (copies_child) {
        if (!std::exchange(is_first, false)) copy_->push_back(',');
        copy_->append({raw.data() - 1, raw.size() + 2});
        copy_->push_back(':');
      }
      if (!follow(child, copies_child)) return false;
    }
    if (peek() != ',') break;
    take();
  }
  if (take() != '}') return wrong("a comma or } is missing", last_);
  if (copies) copy_->push_back('}');
  --depth_;
  return true;
}

bool JsonReader::array(const Node& node, bool copies) {
  take();
  if (!enter()) return false;
  if (copies) copy_->push_back('[');
  bool copies_all = node.every != Plan::kNone && plan_.nodes()[node.every].leads_to_copied;
  auto element = node.elements.begin();
  bool is_empty = peek() == ']';
  for (std::uint64_t index = 0; !is_empty; ++index) {
    std::uint32_t child = node.every;
    if (element != node.elements.end() && element->first == index) child = (element++)->second;
    bool is_in_copy = copies && (copies_all || index < node.copied_elements);
    if (is_in_copy && index > 0) copy_->push_back(',');
    bool copies_child = is_in_copy && child != Plan::kNone && plan_.nodes()[child].leads_to_copied;
    if (is_in_copy && !copies_child) copy_->append("null");
    if (!(child == Plan::kNone ? skip() : follow(child, copies_child))) return false;
    if (peek() != ',') break;
    take();
  }
  if (take() != ']') return wrong("a comma or ] is missing", last_);
  if (copies) copy_->push_back(']');
  --depth_;
  return true;
}

// Reads a value of which nothing is wanted, or that is not the kind of container that the path needs.
bool JsonReader::other_kind(bool copies) {
  std::size_t start = *next_;
  if (!skip()) return false;
  if (!copies) return true;
  if (text_[start] == '{') {
    copy_->append("{}");
  } else if (text_[start] == '[') {
    copy_->append("[]");
  } else {
    copy_->append({text_ + start, end_ - start});
  }
  return true;
}

std::uint32_t JsonReader::member_node(const Node& node, std::string_view raw_name) {
  std::string_view name = raw_name;
  if (has_backslash_ && raw_name.find('\\') != std::string_view::npos) {
    unescaped_.clear();
    append_unescaped(raw_name, unescaped_);
    name = unescaped_;
  }
  for (const auto& [wanted, child] : node.members) {
    if (wanted == name) return child;
  }
  return Plan::kNone;
}

void JsonReader::forget_earlier(std::uint32_t node, std::size_t first) {
  const std::vector<std::uint32_t>& below = plan_.nodes()[node].captures_below;
  auto is_below = [&](const Capture& capture) {
    return std::find(below.begin(), below.end(), capture.number) != below.end();
  };
  captures_.erase(std::remove_if(captures_.begin() + static_cast<std::ptrdiff_t>(first), captures_.end(), is_below),
                  captures_.end());
}

void JsonReader::capture(const Node& node, std::size_t start) {
  for (std::uint32_t number : node.captures) {
    captures_.push_back({.number = number, .text = {text_ + start, end_ - start}});
  }
}

// Skips one value and checks it.
bool JsonReader::skip() {
  std::size_t outside = depth_;
  while (true) {
    char c = peek();
    if (c == '{' || c == '[') {
      bool is_object = c == '{';
      last_ = *next_++;
      if (peek() != (is_object ? '}' : ']')) {
        if (!enter()) return false;
        is_object_[depth_ - 1] = static_cast<char>(is_object);
        if (!begin_element(is_object)) return false;
        continue;
      }
      ++next_;
    } else if (!skip_scalar()) {
      return false;
    }
    // The value has ended, and possibly the containers around it.
    while (true) {
      if (depth_ == outside) {
        end_value();
        return true;
      }
      bool is_object = is_object_[depth_ - 1] != 0;
      c = peek();
      ++next_;
      if (c == ',') {
        if (!begin_element(is_object)) return false;
        break;
      }
      if (c != (is_object ? '}' : ']')) {
        return wrong(is_object ? "a comma or } is missing" : "a comma or ] is missing", next_[-1]);
      }
      --depth_;
    }
  }
}

// Only white space separates a value from the next token.
void JsonReader::end_value() { end_ = end_before(text_, 0, *next_); }

bool JsonReader::skip_name() {
  if (has_backslash_ || text_[next_[0]] != '"' || text_[next_[1]] != ':') return name(nullptr);
  next_ += 2;
  return true;
}

// Takes what precedes the next value of a container: its name, or a run of numbers that can be skipped at once.
bool JsonReader::begin_element(bool is_in_object) {
  if (is_in_object) return skip_name();
  if (!may_be_number_run()) return true;
  // Each of these numbers and commas is a token.
  std::size_t elements = number_run(text_ + *next_, text_ + size_).elements;
  next_ += 2 * elements;
  if (elements == 0) next_run_ = next_ + kRunTokens;
  return true;
}

// Checking 64 bytes takes as long as a few tokens, so try it only if there are commas where a run would have them, and
// not directly after a failed attempt.
bool JsonReader::may_be_number_run() const {
  return next_ >= next_run_ && tokens_end_ - next_ > kRunTokens && text_[next_[1]] == ',' &&
         text_[next_[kRunTokens / 2 - 1]] == ',' && text_[next_[kRunTokens - 1]] == ',';
}

// Most scalars can be checked quickly.
bool JsonReader::skip_scalar() {
  std::size_t start = *next_;
  if (start >= size_) return scalar();
  bool is_plain =
      text_[start] == '"' ? !has_backslash_ : is_short_integer(text_ + start, next_[1] - start, text_ + size_);
  if (!is_plain) return scalar();
  ++next_;
  return true;
}

// Reads a name and its colon. `raw`, if wanted, is set to the text between the quotes.
bool JsonReader::name(std::string_view* raw) {
  if (peek() != '"') return wrong_here("a name in quotes is missing");
  std::size_t start = *next_;
  if (!string(start)) return false;
  if (raw != nullptr) *raw = {text_ + start + 1, end_ - start - 2};
  if (peek() != ':') return wrong_here("a colon is missing");
  take();
  return true;
}

bool JsonReader::scalar() {
  std::size_t start = *next_;
  switch (text_[start]) {
    case '"':
      return string(start);
    case 't':
      return literal(start, "true");
    case 'f':
      return literal(start, "false");
    case 'n':
      return literal(start, "null");
    default:
      return number(start);
  }
}

// The next token determines the end: only white space is in between.
bool JsonReader::string(std::size_t start) {
  take();
  end_ = end_before(text_, start + 2, *next_);
  if (!has_backslash_) return true;
  return escapes_are_right({text_ + start + 1, end_ - start - 2}, start + 1);
}

bool JsonReader::escapes_are_right(std::string_view inside, std::size_t start) {
  std::size_t at = 0;
  unescaped_.resize(inside.size());
  if (unescape(inside, unescaped_.data(), Unpaired::kReplaced, &at) != nullptr) return true;
  const char* flaw = inside[at + 1] == 'u' ? "\\u needs four hexadecimal digits"
                                           : "a backslash is before a letter that has no meaning there";
  return wrong(flaw, start + at);
}

bool JsonReader::literal(std::size_t start, std::string_view word) {
  bool is_there = size_ - start >= word.size() && std::memcmp(text_ + start, word.data(), word.size()) == 0;
  if (!is_there) return wrong_here("a value is missing");
  return ends_here(start, start + word.size(), "a value is missing");
}

bool JsonReader::number(std::size_t start) {
  // Most are integers followed by a comma or a bracket. (The byte after the text ends the digits.)
  const char* digits = text_ + start;
  if (*digits >= '1' && *digits <= '9') {
    const char* stop = skip_digits(digits + 1);
    if (*stop == ',' || *stop == ']' || *stop == '}') {
      take();
      end_ = static_cast<std::size_t>(stop - text_);
      return true;
    }
  }
  const char* end = start < size_ ? end_of_number(text_ + start) : nullptr;
  if (end == nullptr) return wrong_here("a value is missing");
  return ends_here(start, static_cast<std::size_t>(end - text_), "this is not a number");
}

// A scalar's token marks only its beginning.
bool JsonReader::ends_here(std::size_t start, std::size_t end, const char* what) {
  bool is_at_end = end == size_ || may_follow_scalar(text_[end]);
  if (!is_at_end) return wrong(what, start);
  take();
  end_ = end;
  return true;
}

bool JsonReader::enter() {
  if (depth_ == limits::kMaxJsonDepth) return wrong("it is nested too deep", last_);
  if (++depth_ > is_object_.size()) is_object_.resize(limits::kMaxJsonDepth);
  return true;
}

bool JsonReader::wrong(const char* what, std::size_t offset) {
  bool is_early = offset >= size_;
  flaw_ = {.what = is_early ? "it ends too early" : what, .offset = std::min(offset, size_), .has_offset = true};
  return false;
}

bool JsonReader::wrong_here(const char* what) { return wrong(what, *next_); }

}  // namespace quern::json
