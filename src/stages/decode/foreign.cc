#include "stages/decode/foreign.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>

#include "stages/decode/decode.h"

namespace quern::decode {
namespace {

using namespace std::string_view_literals;

struct Format {
  std::string_view magic;
  bool is_text;  // a line of text may begin like this, so a control byte must follow soon
  std::string_view what;
  std::string_view advice;
};

constexpr std::string_view kUnpack = "unpack it, and name the files that are in it";
constexpr std::string_view kConvert = "convert it: iconv -f UTF-16 -t UTF-8";
constexpr std::string_view kConvertWide = "convert it: iconv -f UTF-32 -t UTF-8";
constexpr std::string_view kExport = "write its rows as lines of JSON first, with DuckDB for instance";
constexpr std::string_view kInflate = "decompress it: zlib-flate -uncompress, of Debian's qpdf";

// UTF-32 comes before UTF-16, because its mark begins with UTF-16's.
constexpr std::array kFormats = {
    Format{"PK\x03\x04"sv, false, "a zip archive", kUnpack},
    Format{"PK\x05\x06"sv, false, "a zip archive", kUnpack},
    Format{"PK\x07\x08"sv, false, "a zip archive", kUnpack},
    Format{"7z\xbc\xaf\x27\x1c"sv, false, "a 7z archive", kUnpack},
    Format{"Rar!\x1a\x07"sv, false, "a rar archive", kUnpack},
    Format{"\x1f\x9d"sv, false, "a file of compress (.Z)", "decompress it: gzip -d"},
    Format{"LZIP\x00"sv, false, "an lzip file", "decompress it: lzip -d"},
    Format{"LZIP\x01"sv, false, "an lzip file", "decompress it: lzip -d"},
    Format{"\x89LZO\x00\r\n\x1a\n"sv, false, "an lzop file", "decompress it: lzop -d"},
    Format{"\xff\x06\x00\x00sNaPpY"sv, false, "a Snappy file", "decompress it: snzip -d"},
    Format{"x\x01"sv, true, "a zlib stream", kInflate},
    Format{"x\x5e"sv, true, "a zlib stream", kInflate},
    Format{"x\x9c"sv, true, "a zlib stream", kInflate},
    Format{"x\xda"sv, true, "a zlib stream", kInflate},
    Format{"!<arch>\n"sv, false, "an ar archive", kUnpack},
    Format{"\xc7\x71"sv, false, "a cpio archive", kUnpack},
    Format{"PAR1"sv, true, "a Parquet file", kExport},
    Format{"PARE"sv, true, "an encrypted Parquet file", kExport},
    Format{"ORC"sv, true, "an ORC file", "write its rows as lines of JSON first: orc-tools data"},
    Format{"Obj\x01"sv, false, "an Avro file", "write its records as lines of JSON first: avro-tools tojson"},
    Format{"ARROW1\x00\x00"sv, false, "an Arrow file", kExport},
    Format{"SQLite format 3\x00"sv, false, "an SQLite database", kExport},
    Format{"\xff\xfe\x00\x00"sv, false, "text in UTF-32", kConvertWide},
    Format{"\x00\x00\xfe\xff"sv, false, "text in UTF-32", kConvertWide},
    Format{"\xff\xfe"sv, false, "text in UTF-16", kConvert},
    Format{"\xfe\xff"sv, false, "text in UTF-16", kConvert},
};

bool is_control(char byte) {
  auto value = static_cast<unsigned char>(byte);
  return value < 0x20 && value != '\t' && value != '\n' && value != '\r';
}

bool begins_with(std::string_view bytes, const Format& format) {
  constexpr std::size_t kMostBytesToControl = 32;
  if (!bytes.starts_with(format.magic)) return false;
  std::string_view next = bytes.substr(format.magic.size(), kMostBytesToControl);
  return !format.is_text || std::any_of(next.begin(), next.end(), is_control);
}

// The first header of every tar contains the sum of that header's bytes, computed with spaces in place of the sum.
bool is_tar(std::string_view bytes) {
  constexpr std::size_t kHeaderBytes = 512;
  constexpr std::size_t kSumAt = 148;
  constexpr std::size_t kSumBytes = 8;
  if (bytes.size() < kHeaderBytes) return false;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    sum += i >= kSumAt && i < kSumAt + kSumBytes ? ' ' : static_cast<unsigned char>(bytes[i]);
  }
  std::string_view field = bytes.substr(kSumAt, kSumBytes);
  field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
  std::uint32_t said = 0;
  std::size_t digits = 0;
  for (; digits < field.size() && field[digits] >= '0' && field[digits] <= '7'; ++digits) {
    said = said * 8 + static_cast<std::uint32_t>(field[digits] - '0');
  }
  return digits > 0 && said == sum;
}

// Whether the bytes are letters of an alphabet below U+2000, `width` bytes each, with the highest byte first or last.
// Then the high bytes are all small, and some are zero because spaces and line ends are ASCII. In UTF-8 text no control
// characters appear at every second position.
bool are_letters(std::string_view bytes, std::size_t width, bool is_high_first) {
  constexpr std::size_t kFewest = 8;
  constexpr std::size_t kMost = 64;
  const std::size_t characters = std::min(bytes.size() / width, kMost);
  std::size_t ascii = 0;
  for (std::size_t i = 0; i < characters; ++i) {
    std::uint32_t letter = 0;
    for (std::size_t j = 0; j < width; ++j) {
      letter = letter << 8 | static_cast<unsigned char>(bytes[i * width + (is_high_first ? j : width - 1 - j)]);
    }
    if (letter == 0 || letter >= 0x2000) return false;
    if (letter < 0x80) ++ascii;
  }
  return characters >= kFewest && ascii > 0;
}

// Returns the width of UTF-16 or UTF-32 text without a mark; 0 if it is neither.
std::size_t bytes_per_character(std::string_view bytes) {
  for (std::size_t width : {4U, 2U}) {
    if (are_letters(bytes, width, false) || are_letters(bytes, width, true)) return width;
  }
  return 0;
}

std::string refusal(const Beginning& content, std::string_view what, std::string_view advice) {
  return fmt::format("{} {}, and not lines of records; {}", content.is_decoded ? "it holds" : "it is", what, advice);
}

// Finds the end of a JSON value, and whether the bytes may be the beginning of one. It checks the order of tokens,
// which distinguishes a document from a truncated record that is followed by another.
class FirstValue {
 public:
  explicit FirstValue(std::string_view text) : text_(text) {}

  // Returns false if this is not JSON.
  bool read() {
    do {
      skip_blanks();
      if (at_ == text_.size()) return true;
      if (has_line_end_) goes_over_lines_ = true;
      if (!read_token()) return false;
    } while (!open_.empty());
    is_complete_ = true;
    return true;
  }

  bool is_complete() const { return is_complete_; }
  bool goes_over_lines() const { return goes_over_lines_; }
  std::size_t objects() const { return objects_; }  // objects that are elements of the outermost array
  std::size_t end() const { return at_; }

 private:
  enum class Next { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kCommaOrEnd };

  void skip_blanks() {
    for (; at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0; ++at_) {
      if (text_[at_] == '\n') has_line_end_ = true;
    }
  }

  bool read_token() {
    const char byte = text_[at_];
    if (byte == '}' || byte == ']') return close(byte);
    switch (next_) {
      case Next::kColon:
        return take(':', byte, Next::kValue);
      case Next::kCommaOrEnd:
        return take(',', byte, open_.back() == '{' ? Next::kKey : Next::kValue);
      case Next::kKey:
      case Next::kKeyOrEnd:
        next_ = Next::kColon;
        return byte == '"' && read_string();
      case Next::kValue:
      case Next::kValueOrEnd:
        return read_value(byte);
    }
    return false;
  }

  bool take(char wanted, char byte, Next next) {
    next_ = next;
    ++at_;
    return byte == wanted;
  }

  bool close(char byte) {
    const bool is_due = next_ == Next::kCommaOrEnd || next_ == (byte == '}' ? Next::kKeyOrEnd : Next::kValueOrEnd);
    if (!is_due || open_.empty() || open_.back() != (byte == '}' ? '{' : '[')) return false;
    open_.pop_back();
    next_ = Next::kCommaOrEnd;
    ++at_;
    return true;
  }

  bool read_value(char byte) {
    next_ = Next::kCommaOrEnd;
    if (byte == '"') return read_string();
    if (byte != '{' && byte != '[') return read_word();
    if (byte == '{' && open_ == "[") ++objects_;
    open_ += byte;
    next_ = byte == '{' ? Next::kKeyOrEnd : Next::kValueOrEnd;
    ++at_;
    return true;
  }

  // Strings may be most of a record, so they are not scanned byte by byte.
  bool read_string() {
    const std::size_t begin = ++at_;
    std::size_t quote = 0;
    do {
      quote = std::min(text_.find('"', at_), text_.size());
      const std::string_view before = text_.substr(0, quote);
      for (auto escape = before.find('\\', at_); escape < quote; escape = before.find('\\', at_)) at_ = escape + 2;
    } while (at_ > quote && at_ < text_.size());
    at_ = std::min(quote + 1, text_.size());
    return text_.substr(begin, quote - begin).find('\n') == std::string_view::npos;
  }

  // Reads a number, true, false or null.
  bool read_word() {
    const std::size_t begin = at_;
    auto is_part = [](char byte) {
      return std::isalnum(static_cast<unsigned char>(byte)) != 0 || "+-."sv.find(byte) < 3;
    };
    while (at_ < text_.size() && is_part(text_[at_])) ++at_;
    std::string_view word = text_.substr(begin, at_ - begin);
    if (word.empty()) return false;
    if (word[0] == '-' || (word[0] >= '0' && word[0] <= '9')) return true;
    auto is = [&](std::string_view known) { return at_ == text_.size() ? known.starts_with(word) : known == word; };
    return is("true") || is("false") || is("null");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  Next next_ = Next::kValue;
  std::string open_;  // brackets that are not closed yet
  std::size_t objects_ = 0;
  bool has_line_end_ = false;
  bool goes_over_lines_ = false;
  bool is_complete_ = false;
};

}  // namespace

std::optional<std::string> foreign_format(const Beginning& content) {
  const auto* format = std::find_if(kFormats.begin(), kFormats.end(),
                                    [&](const Format& one) { return begins_with(content.bytes, one); });
  if (format != kFormats.end()) return refusal(content, format->what, format->advice);
  if (is_tar(content.bytes)) return refusal(content, "a tar archive", kUnpack);
  if (std::size_t width = bytes_per_character(content.bytes); width > 0) {
    return refusal(content, width == 2 ? "text in UTF-16" : "text in UTF-32", width == 2 ? kConvert : kConvertWide);
  }
  if (!content.is_decoded) return std::nullopt;
  const Compression inner = detect(content.bytes, "");
  // The .lzma form has no magic bytes, so these bytes may be anything.
  if (inner == Compression::kNone || inner == Compression::kLzma) return std::nullopt;
  return refusal(content, fmt::format("{} data: it is compressed twice", name_of(inner)), "decompress it once");
}

std::optional<std::string> foreign_json(const Beginning& content) {
  std::string_view text = content.bytes;
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.empty() || (text[0] != '{' && text[0] != '[')) return std::nullopt;
  FirstValue value(text);
  if (!value.read()) return std::nullopt;
  // If the input ends within the value, its first line may just as well be a truncated record.
  if (!value.is_complete() && content.is_whole && value.objects() < 2) return std::nullopt;
  const bool is_array = text[0] == '[';
  if (value.goes_over_lines()) {
    return fmt::format(
        "it is one JSON {} over several lines, and not one record a line; say record: json-document, or turn it into "
        "lines: jq -c {}",
        is_array ? "array" : "document", is_array ? "'.[]'" : ".");
  }
  const bool is_all = content.is_whole && text.find_first_not_of(" \t\r\n", value.end()) == std::string_view::npos;
  if (!is_array || !is_all || value.objects() < 2) return std::nullopt;
  return fmt::format(
      "it is one JSON array of {} objects, and not one record a line; say record: json-document, or turn it into "
      "lines: jq -c '.[]'",
      value.objects());
}

}  // namespace quern::decode
