#include "services/json/marshal_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <limits>
#include <system_error>

#include "services/json/value_text.h"

// One walk over the tokens of a text writes its values in their order. What json.loads() makes of a text is not
// rebuilt here where it is rare or a matter of Python's settings: such a text is left to Python (add_json() returns
// false).

namespace quern::json {
namespace {

// Types of objects. A flagged object gets the next number, by which kReference refers to it.
constexpr char kList = '[';
constexpr char kDict = '{';
constexpr char kDictEnd = '0';
constexpr char kShortAscii = 'z';  // size in one byte
constexpr char kAscii = 'a';
constexpr char kUnicode = 'u';  // UTF-8; a surrogate has three bytes
constexpr char kBytes = 's';
constexpr char kInt = 'i';   // 32 bits
constexpr char kLong = 'l';  // digits of 15 bits, their number negative for a negative integer
constexpr char kDouble = 'g';
constexpr char kTrue = 'T';
constexpr char kFalse = 'F';
constexpr char kNone = 'N';
constexpr char kReference = 'r';
constexpr unsigned char kFlagged = 0x80;

// Python's own limits on nesting are 1000 for JSON, unless it is set, and 2000 for marshal.
constexpr std::size_t kMostLevels = 200;
// Integers of more digits are left to Python, whose limit for them can be set.
constexpr std::size_t kMostDigits = 400;
constexpr std::size_t kWordDigits = 18;  // as many fit into 64 bits
constexpr std::size_t kShortDigits = 9;  // and into 32
constexpr unsigned kLongBits = 15;

// What is written of a value is at most 2.5 times as long as its text ("0," becomes five bytes), and a scalar alone a
// little longer. Each array that is still open when the text ends, or turns out to be wrong, has four bytes more.
constexpr std::size_t room_for(std::size_t text_bytes) {
  return 2 * text_bytes + text_bytes / 2 + 4 * kMostLevels + 64;
}

// Four numbers of one digit and their commas are this many tokens, and a word of text.
constexpr std::ptrdiff_t kDigitTokens = 8;
constexpr std::uint64_t kNotDigits = ~std::uint64_t{0};

// Returns the values of four digits, each of which a comma follows, in 16 bits each, the first one lowest.
std::uint64_t four_digits(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, kWordBytes);
  word ^= 0x2c302c302c302c30U;
  // The highest bits of a part remain 0 if its comma is one and its digit is at most 9.
  const bool are_digits = ((word | (word + 0x0076007600760076U)) & 0xff80ff80ff80ff80U) == 0;
  return are_digits ? word : kNotDigits;
}

// Writes a type and the number that belongs to it: a value, or how much follows. Returns the end.
template <typename Number>
char* with_number(char* out, char type, Number number) {
  *out = type;
  std::memcpy(out + 1, &number, sizeof number);
  return out + 1 + sizeof number;
}

bool is_ascii(std::string_view text) {
  std::uint64_t all = 0;
  std::size_t at = 0;
  for (; at + kWordBytes <= text.size(); at += kWordBytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, kWordBytes);
    all |= word;
  }
  for (; at < text.size(); ++at) all |= static_cast<unsigned char>(text[at]);
  return (all & 0x8080808080808080U) == 0;
}

}  // namespace

void MarshalWriter::make_room(std::size_t bytes) {
  const std::size_t used = target_->size();
  target_->resize(used + bytes);
  out_ = target_->data() + used;
}

// Gives back what was not used.
void MarshalWriter::take_room() { target_->resize(static_cast<std::size_t>(out_ - target_->data())); }

template <typename Number>
void MarshalWriter::put(char type, Number number) {
  out_ = with_number(out_, type, number);
}

void MarshalWriter::begin(Buffer& target) {
  target_ = &target;
  elements_ = 0;
  ++list_;
  written_.clear();
  make_room(1 + sizeof elements_);
  count_at_ = static_cast<std::size_t>(out_ - target_->data()) + 1;
  put(kList, elements_);
}

void MarshalWriter::end() { std::memcpy(target_->data() + count_at_, &elements_, sizeof elements_); }

bool MarshalWriter::add_json(std::string_view text) {
  const std::size_t size_before = target_->size();
  const std::size_t names_before = written_.size();
  make_room(room_for(text.size()));
  if (!write(text)) {
    forget_names_after(names_before);
    target_->resize(size_before);
    return false;
  }
  take_room();
  ++elements_;
  return true;
}

void MarshalWriter::add_string(std::string_view text) {
  make_room(room_for(text.size()));
  is_ascii_ = is_ascii(text);
  write_text(text, 0);
  take_room();
  ++elements_;
}

void MarshalWriter::add_bytes(std::string_view bytes) {
  make_room(room_for(bytes.size()));
  put(kBytes, static_cast<std::uint32_t>(bytes.size()));
  out_ = std::copy(bytes.begin(), bytes.end(), out_);
  take_room();
  ++elements_;
}

void MarshalWriter::add_none() {
  make_room(1);
  put(kNone);
  ++elements_;
}

bool MarshalWriter::write(std::string_view text) {
  if (!structure_.find_tokens(text).empty()) return false;
  text_ = text;
  has_backslash_ = text.find('\\') != std::string_view::npos;
  is_ascii_ = is_ascii(text);
  next_ = structure_.tokens();
  tokens_end_ = next_ + structure_.count();
  levels_.clear();
  Next next = Next::kValue;
  while (next == Next::kValue) next = start_value();
  return next == Next::kEnd && *next_ == text.size();
}

MarshalWriter::Next MarshalWriter::start_value() {
  const char first = text_.data()[*next_];
  if (first == '{' || first == '[') return open();
  if (first != '"') return scalar() ? after_value() : Next::kUncertain;
  std::string_view inside;
  if (!string_at_token(&inside)) return Next::kUncertain;
  write_text(inside, 0);
  return after_value();
}

MarshalWriter::Next MarshalWriter::open() {
  const bool is_object = text_.data()[*next_++] == '{';
  ++containers_;
  const auto count_at = static_cast<std::size_t>(out_ - target_->data()) + 1;
  if (is_object) {
    put(kDict);
  } else {
    put(kList, std::uint32_t{0});
  }
  if (text_.data()[*next_] == (is_object ? '}' : ']')) {
    ++next_;
    if (is_object) put(kDictEnd);
    return after_value();
  }
  if (levels_.size() == kMostLevels) return Next::kUncertain;
  levels_.push_back({.is_object = is_object, .count_at = count_at, .elements = 1});
  return next_part(levels_.back());
}

// Takes what precedes the next value of a container: its name; or elements that are short integers, with their commas.
MarshalWriter::Next MarshalWriter::next_part(Level& level) {
  if (level.is_object) return name() ? Next::kValue : Next::kUncertain;
  short_integers(level);
  return Next::kValue;
}

// Histograms have thousands of them. The pointers are local, because the compiler must assume that a write through out_
// changes members.
void MarshalWriter::short_integers(Level& level) {
  const char* text = text_.data();
  const std::uint32_t* next = next_;
  char* out = out_;
  while (tokens_end_ - next > kDigitTokens && next[kDigitTokens] - next[0] == kWordBytes) {
    std::uint64_t digits = four_digits(text + next[0]);
    if (digits == kNotDigits) break;
    for (std::size_t i = 0; i < kDigitTokens / 2; ++i, digits >>= 16U) {
      out = with_number(out, kInt, static_cast<std::int32_t>(digits & 0xffU));
    }
    next += kDigitTokens;
    level.elements += kDigitTokens / 2;
  }
  while (next[1] - next[0] <= kShortDigits && text[next[1]] == ',') {
    const char* digit = text + next[0];
    const char* end = text + next[1];
    if (digit == end || (*digit == '0' && digit + 1 < end)) break;
    std::int32_t value = 0;
    for (; digit < end && is_digit(*digit); ++digit) value = value * 10 + (*digit - '0');
    if (digit < end) break;
    out = with_number(out, kInt, value);
    next += 2;
    ++level.elements;
  }
  next_ = next;
  out_ = out;
}

// Takes what follows a value: a comma, and the name of the next member; or the ends of containers.
MarshalWriter::Next MarshalWriter::after_value() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    const char c = text_.data()[*next_++];
    if (c == ',') {
      ++level.elements;
      return next_part(level);
    }
    if (c != (level.is_object ? '}' : ']')) return Next::kUncertain;
    if (level.is_object) {
      put(kDictEnd);
    } else {
      std::memcpy(target_->data() + level.count_at, &level.elements, sizeof level.elements);
    }
    levels_.pop_back();
  }
  return Next::kEnd;
}

bool MarshalWriter::name() {
  if (text_.data()[*next_] != '"') return false;
  if (expected_name()) return text_.data()[*next_++] == ':';
  std::string_view inside;
  if (!string_at_token(&inside)) return false;
  // The text of one that had escapes will be overwritten.
  if (inside.data() == unescaped_.data()) {
    write_text(inside, 0);
  } else {
    write_name(inside);
  }
  return text_.data()[*next_++] == ':';
}

// Only white space is between the end of a string and the next token.
bool MarshalWriter::string_at_token(std::string_view* inside) {
  const std::size_t start = *next_++ + 1;
  const std::size_t end = end_before(text_.data(), start + 1, *next_);
  *inside = text_.substr(start, end - 1 - start);
  if (!has_backslash_ || inside->find('\\') == std::string_view::npos) return true;
  unescaped_.resize(std::max(unescaped_.size(), inside->size()));
  const char* end_of_text = unescape(*inside, unescaped_.data(), Unpaired::kKept);
  if (end_of_text == nullptr) return false;
  *inside = {unescaped_.data(), static_cast<std::size_t>(end_of_text - unescaped_.data())};
  return true;
}

void MarshalWriter::write_text(std::string_view text, unsigned char flag) {
  const bool is_plain = (is_ascii_ && text.data() != unescaped_.data()) || is_ascii(text);
  if (is_plain && text.size() <= std::numeric_limits<unsigned char>::max()) {
    put(static_cast<char>(kShortAscii | flag), static_cast<unsigned char>(text.size()));
  } else {
    put(static_cast<char>((is_plain ? kAscii : kUnicode) | flag), static_cast<std::uint32_t>(text.size()));
  }
  // Most are short, and a copy of a fixed size takes less time than a call. The room suffices.
  constexpr std::size_t kShort = 2 * kWordBytes;
  const bool is_short = text.size() <= kShort && std::less_equal<>()(text_.data(), text.data()) &&
                        std::less_equal<>()(text.data() + kShort, text_.data() + text_.size());
  if (is_short) {
    std::memcpy(out_, text.data(), kShort);
  } else {
    std::memcpy(out_, text.data(), text.size());
  }
  out_ += text.size();
}

// Returns up to eight bytes of the current text, as if zeros followed.
std::uint64_t MarshalWriter::word_at(const char* at, std::size_t size) const {
  std::uint64_t word = 0;
  const bool has_whole = static_cast<std::size_t>(text_.data() + text_.size() - at) >= kWordBytes;
  if (has_whole) {
    std::memcpy(&word, at, kWordBytes);
  } else {
    std::memcpy(&word, at, size);
  }
  return size < kWordBytes ? word & ((std::uint64_t{1} << 8 * size) - 1) : word;
}

// Whether it is this part of the current text.
bool MarshalWriter::is_name(const Name& name, std::string_view text) const {
  if (name.size != text.size()) return false;
  const std::size_t word = std::min(kWordBytes, text.size());
  return word_at(text.data(), word) == name.first && word_at(text.data() + text.size() - word, word) == name.last &&
         (text.size() <= 2 * kWordBytes || std::memcmp(name.text, text.data(), text.size()) == 0);
}

void MarshalWriter::write_name(std::string_view text) {
  const std::size_t word = std::min(kWordBytes, text.size());
  Name name{.first = word_at(text.data(), word),
            .last = word_at(text.data() + text.size() - word, word),
            .text = text.data(),
            .size = static_cast<std::uint32_t>(text.size()),
            .list = list_};
  const std::uint32_t slot = slot_of(name);
  names_[last_name_].next = slot;
  if (names_[slot].list == list_) {
    last_name_ = slot;
    return put(kReference, names_[slot].number);
  }
  const bool is_kept = written_.size() < kMostNames;
  if (is_kept) {
    name.number = static_cast<std::uint32_t>(written_.size());
    names_[slot] = name;
    written_.push_back(slot);
    last_name_ = slot;
  }
  write_text(text, is_kept ? kFlagged : 0);
}

// Most objects have the names of an earlier one in the same order, and comparing a name with the expected one takes
// less time than looking it up.
bool MarshalWriter::expected_name() {
  const std::uint32_t slot = names_[last_name_].next;
  const Name& name = names_[slot];
  const std::size_t start = *next_ + 1;
  if (name.list != list_ || has_backslash_ || start + name.size >= text_.size()) return false;
  // It has no quote in it, so the string ends at the first one that follows.
  const std::string_view text = text_.substr(start, name.size);
  if (text_[start + name.size] != '"' || !is_name(name, text)) return false;
  ++next_;
  last_name_ = slot;
  put(kReference, name.number);
  return true;
}

// Returns the slot of this name, or the one where it belongs.
std::uint32_t MarshalWriter::slot_of(const Name& wanted) const {
  // Multiplication by odd constants spreads the bits (D. Knuth, The Art of Computer Programming 3, 6.4).
  const std::uint64_t hash = (wanted.first ^ wanted.last * 0x9e3779b97f4a7c15U ^ wanted.size) * 0xd6e8feb86659fd93U;
  auto slot = static_cast<std::uint32_t>((hash >> 32U) % kSlots);
  while (names_[slot].list == list_ && !is_name(names_[slot], {wanted.text, wanted.size})) slot = (slot + 1) % kSlots;
  return slot;
}

// In reverse order, so that none is left behind the gap of another one.
void MarshalWriter::forget_names_after(std::size_t count) {
  for (; written_.size() > count; written_.pop_back()) names_[written_.back()].list = 0;
}

bool MarshalWriter::scalar() {
  if (*next_ >= text_.size()) return false;
  switch (text_[*next_]) {
    case 't':
      return word("true", kTrue);
    case 'f':
      return word("false", kFalse);
    case 'n':
      return word("null", kNone);
    default:
      return number();
  }
}

bool MarshalWriter::word(std::string_view word, char type) {
  if (!text_.substr(*next_).starts_with(word)) return false;
  put(type);
  return ends_value(text_.data() + *next_++ + word.size());
}

bool MarshalWriter::number() {
  const char* at = text_.data() + *next_++;
  const bool is_negative = *at == '-';
  const char* digits = is_negative ? at + 1 : at;
  const char* end = digits;
  std::uint64_t value = 0;  // if there are not too many digits
  for (; is_digit(*end); ++end) value = value * 10 + static_cast<unsigned>(*end - '0');
  const auto count = static_cast<std::size_t>(end - digits);
  if (count == 0 || (count > 1 && *digits == '0')) return false;
  if (*end == '.' || *end == 'e' || *end == 'E') return real(at, end);
  if (!ends_value(end)) return false;
  if (count > kWordDigits || value > std::numeric_limits<std::int32_t>::max()) {
    return long_integer({digits, count}, is_negative);
  }
  const auto small = static_cast<std::int32_t>(value);
  put(kInt, is_negative ? -small : small);
  return true;
}

// A number that is too large or too small for a double is left to Python. from_chars() takes "1.", which JSON does not.
bool MarshalWriter::real(const char* at, const char* integer_end) {
  if (*integer_end == '.' && !is_digit(integer_end[1])) return false;
  double value = 0;
  const auto [end, status] = std::from_chars(at, text_.data() + text_.size(), value);
  if (status != std::errc() || !ends_value(end)) return false;
  put(kDouble, value);
  return true;
}

bool MarshalWriter::long_integer(std::string_view digits, bool is_negative) {
  if (digits.size() > kMostDigits) return false;
  longs_.clear();
  for (char digit : digits) {
    auto carry = static_cast<std::uint32_t>(digit - '0');
    for (std::uint16_t& part : longs_) {
      carry += std::uint32_t{part} * 10;
      part = static_cast<std::uint16_t>(carry & ((1U << kLongBits) - 1));
      carry >>= kLongBits;
    }
    if (carry > 0) longs_.push_back(static_cast<std::uint16_t>(carry));
  }
  const auto count = static_cast<std::int32_t>(longs_.size());
  put(kLong, is_negative ? -count : count);
  const std::size_t size = longs_.size() * sizeof longs_.front();
  std::memcpy(out_, longs_.data(), size);
  out_ += size;
  return true;
}

// Whether a scalar's token, which marks only its beginning, ends here.
bool MarshalWriter::ends_value(const char* end) const {
  return end == text_.data() + text_.size() || may_follow_scalar(*end);
}

}  // namespace quern::json
