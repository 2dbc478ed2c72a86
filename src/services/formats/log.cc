#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/byte_search.h"
#include "base/encoding.h"
#include "base/utf8.h"
#include "services/formats/line_reader.h"

// combined and common: the log formats of web servers, such as
//   host ident user [10/Oct/2000:13:55:36 -0700] "GET /path HTTP/1.0" 200 2326 "referer" "agent"
// of which common has no referer and no agent. "-" is null, status and bytes are numbers, the time is in ISO 8601.
// Escapes in quotes are those of Apache and nginx: \" \\ \n \t and so on, and \xHH for a byte. Bytes that are not UTF-8
// then, because a client sent anything, are U+FFFD; a bad record for each would help nobody.

namespace quern::formats {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr ByteSearch kSpaces(" ", {});
constexpr ByteSearch kBrackets("]", {});
constexpr ByteSearch kQuoteEnds("\"\\", {});
// The bytes that cannot be copied unchanged.
constexpr ByteSearch kNotPlain("\"\\", {.at_controls = true, .at_non_ascii = true});

// Appends what the beginning of `text`, a backslash, stands for; returns how many bytes of it that were.
std::size_t unescape(std::string_view text, std::string& target) {
  constexpr std::string_view kLetters = "\"\\nrtbvf";
  constexpr std::string_view kMeanings = "\"\\\n\r\t\b\v\f";
  const char letter = text.size() > 1 ? text[1] : '\0';
  const auto high = text.size() > 3 ? hex_digit_value(text[2]) : std::nullopt;
  const auto low = text.size() > 3 ? hex_digit_value(text[3]) : std::nullopt;
  if (letter == 'x' && high.has_value() && low.has_value()) {
    target += static_cast<char>(*high * 16 + *low);
    return 4;
  }
  const std::size_t found = kLetters.find(letter);
  if (letter == '\0' || found == std::string_view::npos) {
    target += '\\';
    return 1;
  }
  target += kMeanings[found];
  return 2;
}

// Adds the text with U+FFFD for each byte that is not UTF-8.
void add_valid(std::string_view text, JsonWriter& out) {
  while (!text.empty()) {
    const std::size_t size = utf8::first_character(text).size_bytes;
    out.add_text(size == 0 ? "\ufffd" : text.substr(0, size));
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

// What stands for month in "10/Oct/2000"; 0 if it is no month.
int month_number(std::string_view name) {
  constexpr std::string_view kNames = "JanFebMarAprMayJunJulAugSepOctNovDec";
  for (int month = 1; month <= 12; ++month) {
    if (kNames.substr(static_cast<std::size_t>(month - 1) * 3, 3) == name) return month;
  }
  return 0;
}

// In which February the last two digits of the year alone matter: 1900 and 2100 are not in any log.
int days_of(int month, int year_of_century) {
  constexpr std::array<int, 12> kDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && year_of_century % 4 != 0 ? 28 : kDays[static_cast<std::size_t>(month) - 1];
}

// "2000-10-10T13:55:36-07:00"
using IsoTime = std::array<char, 25>;

// Whether a time is written like 10/Oct/2000:13:55:36 -0700; sets `iso` if so.
bool read_time(std::string_view time, IsoTime& iso) {
  constexpr std::string_view kForm = "00/aaa/0000:00:00:00 +0000";
  if (time.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool fits = kForm[i] == '0'   ? is_digit(time[i])
                      : kForm[i] == 'a' ? true
                      : kForm[i] == '+' ? time[i] == '+' || time[i] == '-'
                                        : time[i] == kForm[i];
    if (!fits) return false;
  }
  const int month = month_number(time.substr(3, 3));
  if (month == 0) return false;
  const auto two_digits = [time](std::size_t at) { return (time[at] - '0') * 10 + (time[at + 1] - '0'); };
  const int day = two_digits(0);
  // A leap second is the 61st.
  const bool is_possible = day >= 1 && (day <= 28 || day <= days_of(month, two_digits(9))) && two_digits(12) < 24 &&
                           time[15] < '6' && (time[18] < '6' || (time[18] == '6' && time[19] == '0')) &&
                           two_digits(22) < 24 && time[24] < '6';
  if (!is_possible) return false;
  // The compiler copies pieces of a constant size without a function call.
  std::memcpy(&iso[0], &time[7], 4);
  iso[4] = '-';
  iso[5] = static_cast<char>('0' + month / 10);
  iso[6] = static_cast<char>('0' + month % 10);
  iso[7] = '-';
  std::memcpy(&iso[8], &time[0], 2);
  iso[10] = 'T';
  std::memcpy(&iso[11], &time[12], 8);
  std::memcpy(&iso[19], &time[21], 3);
  iso[22] = ':';
  std::memcpy(&iso[23], &time[24], 2);
  return true;
}

class LogParser final : public LineParser {
 public:
  LogParser(bool is_combined, const WantedMembers& wanted)
      : is_combined_(is_combined),
        wanted_(member_prefixes(names_of(is_combined), wanted)),
        whole_(member_prefixes(names_of(is_combined), {})) {}

  std::string parse(std::string_view line, bool is_whole, JsonWriter& out) override {
    rest_ = line;
    flaw_.clear();
    prefix_ = is_whole ? whole_.data() : wanted_.data();
    add_text(kHost, take_until(" ", "host"), out);
    add_text(kIdent, take_until(" ", "ident"), out);
    // The name of a user may have spaces in it.
    add_text(kUser, take_until(" [", "user"), out);
    add_time(take_until("] \"", "time"), out);
    add_request(take_quoted("request"), out);
    take_space("request");
    add_number(kStatus, take_word(), "status", out);
    take_space("status");
    add_number(kBytes, take_word(), "bytes", out);
    if (is_combined_) {
      add_client(kReferer, "referer", out);
      add_client(kAgent, "agent", out);
    }
    out.add('}');
    if (flaw_.empty() && !rest_.empty()) {
      flaw_ = is_combined_ ? "the line goes on after the agent"
                           : "the line goes on after the size; if a referer and an agent follow, set record: combined";
    }
    return std::move(flaw_);
  }

 private:
  enum Member : std::uint8_t {
    kHost,
    kIdent,
    kUser,
    kTime,
    kMethod,
    kPath,
    kProtocol,
    kStatus,
    kBytes,
    kReferer,
    kAgent
  };

  static std::vector<std::string> names_of(bool is_combined) {
    std::vector<std::string> names = {"host", "ident", "user", "time", "method", "path", "protocol", "status", "bytes"};
    if (is_combined) names.insert(names.end(), {"referer", "agent"});
    return names;
  }

  void fail(std::string flaw) {
    if (flaw_.empty()) flaw_ = std::move(flaw);
  }

  void add_client(Member member, std::string_view name, JsonWriter& out) {
    if (!rest_.starts_with(" \"")) fail(fmt::format("it has no {} in quotes", name));
    rest_.remove_prefix(std::min<std::size_t>(2, rest_.size()));
    add_text(member, take_quoted(name), out);
  }

  // Takes what comes before `mark`, and the mark.
  std::string_view take_until(std::string_view mark, std::string_view what) {
    const ByteSearch& search = mark[0] == ' ' ? kSpaces : kBrackets;
    const char* const last = rest_.data() + rest_.size();
    const char* end = search.find(rest_.data(), last);
    while (end != last && mark.size() > 1 && !std::string_view(end, last).starts_with(mark)) {
      end = search.find(end + 1, last);
    }
    if (end == last || end == rest_.data()) {
      fail(fmt::format("it has no {} that ends with '{}'", what, mark));
      return {};
    }
    const std::string_view found(rest_.data(), end);
    rest_.remove_prefix(found.size() + mark.size());
    return found;
  }

  // Takes a text to its closing quote; the opening one is gone.
  std::string_view take_quoted(std::string_view what) {
    const char* const last = rest_.data() + rest_.size();
    const char* end = rest_.data() + std::min(rest_.find('"'), rest_.size());
    // A backslash before it may mean that it belongs to the text.
    if (end != rest_.data() && end[-1] == '\\') end = kQuoteEnds.find(rest_.data(), last);
    while (end != last && *end == '\\') end = kQuoteEnds.find(end + std::min<std::ptrdiff_t>(2, last - end), last);
    if (end == last) {
      fail(fmt::format("the quote of the {} is not closed", what));
      return {};
    }
    const std::string_view found(rest_.data(), end);
    rest_.remove_prefix(found.size() + 1);
    return found;
  }

  void take_space(std::string_view after) {
    if (!rest_.starts_with(' ')) return fail(fmt::format("it has no space after the {}", after));
    rest_.remove_prefix(1);
  }

  std::string_view take_word() {
    const std::string_view word(rest_.data(), kSpaces.find(rest_.data(), rest_.data() + rest_.size()));
    rest_.remove_prefix(word.size());
    return word;
  }

  // Adds what precedes the value of a member. Returns false if the member is left out.
  bool begin(Member member, JsonWriter& out) const {
    if (prefix_[member].empty()) return false;
    out.add(prefix_[member]);
    return true;
  }

  // Adds a member whose value may have escapes.
  void add_text(Member member, std::string_view text, JsonWriter& out) {
    if (!begin(member, out)) return;
    if (text == "-" || text.empty()) return out.add("null");
    out.add('"');
    const char* end = text.data() + text.size();
    if (const char* at = out.add_until(kNotPlain, text.data(), end); at != end) add_unescaped({at, end}, out);
    out.add('"');
  }

  void add_unescaped(std::string_view text, JsonWriter& out) {
    unescaped_.clear();
    for (std::size_t at = 0; at < text.size();) {
      if (text[at] == '\\') {
        at += unescape(text.substr(at), unescaped_);
      } else {
        unescaped_ += text[at++];
      }
    }
    add_valid(unescaped_, out);
  }

  void add_time(std::string_view time, JsonWriter& out) {
    IsoTime iso{};
    if (!read_time(time, iso)) fail("its time is not written like 10/Oct/2000:13:55:36 -0700");
    if (!begin(kTime, out)) return;
    out.add('"');
    out.add({iso.data(), iso.size()});
    out.add('"');
  }

  // "METHOD PATH PROTOCOL". Whatever else a client sent is a path without the others.
  void add_request(std::string_view request, JsonWriter& out) {
    if (prefix_[kMethod].empty() && prefix_[kPath].empty() && prefix_[kProtocol].empty()) return;
    const std::size_t space = request.find(' ');
    const std::size_t last = request.rfind(' ');
    const bool has_protocol = last != space && request.substr(std::min(last, request.size())).starts_with(" HTTP/");
    const bool is_usual = space != std::string_view::npos && space > 0 && (has_protocol || last == space) &&
                          std::all_of(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(space), is_letter);
    const std::string_view path = request.substr(is_usual ? space + 1 : 0);
    add_text(kMethod, is_usual ? request.substr(0, space) : "", out);
    add_text(kPath, has_protocol && is_usual ? path.substr(0, last - space - 1) : path, out);
    add_text(kProtocol, has_protocol && is_usual ? request.substr(last + 1) : "", out);
  }

  void add_number(Member member, std::string_view word, std::string_view what, JsonWriter& out) {
    const bool is_number = !word.empty() && std::all_of(word.begin(), word.end(), is_digit);
    if (!is_number && word != "-") fail(fmt::format("its {} is not a number", what));
    if (!begin(member, out)) return;
    if (!is_number) return out.add("null");
    const std::size_t zeros = std::min(word.find_first_not_of('0'), word.size());
    out.add(zeros == word.size() ? "0" : word.substr(zeros));
  }

  const bool is_combined_;
  // What precedes the value of each member: of the wanted ones, or of all.
  const std::vector<std::string> wanted_;
  const std::vector<std::string> whole_;
  // The line.
  const std::string* prefix_ = nullptr;  // into one of those
  std::string_view rest_;
  std::string flaw_;
  std::string unescaped_;
};

}  // namespace

std::unique_ptr<RecordReader> make_log_reader(const RecordFormat& format, const WantedMembers& wanted) {
  return make_line_reader(std::make_unique<LogParser>(format.kind == RecordFormat::Kind::kCombined, wanted));
}

}  // namespace quern::formats
