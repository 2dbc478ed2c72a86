#include "job_file/job_file_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/bytes.h"
#include "base/duration.h"
#include "base/nearest.h"
#include "base/text.h"

namespace quern::job_file {
namespace {

using Kind = YamlNode::Kind;

bool is_scalar(const YamlNode& node) { return node.kind == Kind::kText || node.kind == Kind::kNothing; }

// The text of a number or choice, as written. Refuses empty values, lists and maps, with `expected` in the message.
Result<std::string> word_of(const YamlNode& node, std::string_view expected) {
  if (node.kind != Kind::kText) return wrong_value(fmt::format("is {}; it must be {}", kind_name(node), expected));
  if (node.text.empty()) return wrong_value(fmt::format("is empty; it must be {}", expected));
  return node.text;
}

std::string described(const CountRange& range) {
  if (range.most == CountRange{}.most) {
    return range.least == 0 ? "a whole number such as 10" : fmt::format("a whole number from {}", range.least);
  }
  return fmt::format("a whole number from {} to {}", range.least, range.most);
}

// Accepts 12, 1_000 and 1.5e3, if the value is whole.
std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool between_digits = i > 0 && i + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[i - 1])) != 0 &&
                          std::isdigit(static_cast<unsigned char>(text[i + 1])) != 0;
    if (text[i] != '_' || !between_digits) digits.push_back(text[i]);
  }
  double number = 0;
  auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  bool is_whole = status == std::errc{} && end == digits.data() + digits.size() && std::isfinite(number) &&
                  !std::signbit(number) && number == std::floor(number) &&
                  number <= static_cast<double>(CountRange{}.most);
  if (!is_whole) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

std::string number_hint(std::string_view word) {
  if (word.ends_with('%')) return " (shares are not possible)";
  if (word.find(',') != std::string_view::npos) return " (write thousands as 1_000)";
  return "";
}

Result<std::vector<std::string>> list_of(const YamlNode& node, Result<std::string> (*read)(const YamlNode&)) {
  std::vector<std::string> texts;
  if (node.kind != Kind::kList) {
    auto text = read(node);
    if (text.ok()) return std::vector<std::string>{std::move(text).value()};
    if (node.kind == Kind::kMap) return wrong_value("is a map; it must be a list, as in [a, b]");
    return std::move(text).error();
  }
  for (const YamlNode& item : node.items) {
    auto text = read(item);
    if (!text.ok()) return wrong_value(fmt::format("item {} {}", texts.size() + 1, text.error().message));
    texts.push_back(std::move(text).value());
  }
  return texts;
}

bool looks_like_a_word(std::string_view text) {
  // quern reads "no" and "1.10" as text, but other YAML readers do not, so they are quoted.
  constexpr std::array kTaken = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"};
  if (std::find(kTaken.begin(), kTaken.end(), lower_case(text)) != kTaken.end()) return false;
  auto is_safe = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_./+-@%=:").find(c) != std::string_view::npos;
  };
  if (!std::all_of(text.begin(), text.end(), is_safe)) return false;
  auto first = static_cast<unsigned char>(text[0]);
  if (text[0] == '.' || text[0] == '/' || text[0] == '_') {
    return text.size() > 1 && std::isdigit(static_cast<unsigned char>(text[1])) == 0 && !text.ends_with(':');
  }
  return std::isalpha(first) != 0 && !text.ends_with(':');
}

}  // namespace

Error wrong_value(std::string what) { return bad_config(std::move(what)); }

Result<std::string> any_text_of(const YamlNode& node) {
  if (!is_scalar(node)) return wrong_value(fmt::format("is {}; it must be text", kind_name(node)));
  if (node.kind == Kind::kNothing && node.text.empty()) return wrong_value("is empty");
  return node.text;
}

Result<std::string> text_of(const YamlNode& node) {
  TRY_ASSIGN(std::string text, any_text_of(node));
  if (node.kind == Kind::kNothing) {
    return wrong_value(
        fmt::format("is {}; leave it out for its default, or put it in quotes if it is meant as text", text));
  }
  if (text.empty()) return wrong_value("is empty");
  return text;
}

Result<std::vector<std::string>> texts_of(const YamlNode& node) { return list_of(node, text_of); }
Result<std::vector<std::string>> any_texts_of(const YamlNode& node) { return list_of(node, any_text_of); }

Result<std::uint64_t> count_of(const YamlNode& node, const CountRange& range) {
  TRY_ASSIGN(std::string word, word_of(node, described(range)));
  std::optional<std::uint64_t> number = whole_number(word);
  if (!number.has_value() || *number < range.least || *number > range.most) {
    return wrong_value(fmt::format("is {}; it must be {}{}", in_quotes(word), described(range), number_hint(word)));
  }
  return *number;
}

Result<bool> flag_of(const YamlNode& node) {
  TRY_ASSIGN(std::string word, word_of(node, "yes or no"));
  const std::string folded = lower_case(word);
  for (const char* yes : {"yes", "true", "on", "1"}) {
    if (folded == yes) return true;
  }
  for (const char* no : {"no", "false", "off", "0"}) {
    if (folded == no) return false;
  }
  return wrong_value(fmt::format("is {}; it must be yes or no", in_quotes(word)));
}

Result<std::uint64_t> bytes_of(const YamlNode& node, std::uint64_t least) {
  constexpr std::string_view kExpected = "a size such as 512MiB or 1GiB";
  TRY_ASSIGN(std::string word, word_of(node, kExpected));
  auto bytes = parse_bytes(word);
  std::optional<std::uint64_t> number = whole_number(word);
  if (!bytes.ok() && !number.has_value()) {
    return wrong_value(fmt::format("is {}; it must be {}", in_quotes(word), kExpected));
  }
  std::uint64_t value = bytes.ok() ? bytes.value() : *number;
  if (value < least)
    return wrong_value(fmt::format("is {}; it must be at least {}", in_quotes(word), yaml_bytes(least)));
  return value;
}

Result<std::chrono::milliseconds> duration_of(const YamlNode& node) {
  TRY_ASSIGN(std::string word, word_of(node, "a duration such as 90s, 1h30m or 500ms"));
  auto duration = parse_duration(word);
  if (!duration.ok()) return wrong_value("is wrong: " + duration.error().message);
  if (duration.value().count() == 0)
    return wrong_value(fmt::format("is {}; it must be longer than nothing", in_quotes(word)));
  return duration.value();
}

Result<std::size_t> choice_of(const YamlNode& node, std::span<const std::string> words) {
  TRY_ASSIGN(std::string word, word_of(node, one_of(words)));
  auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::optional<std::string> meant = nearest(word, words);
  std::string hint = meant.has_value() ? fmt::format("; did you mean {}?", *meant) : "";
  return wrong_value(fmt::format("is {}; it must be {}{}", in_quotes(word), one_of(words), hint));
}

std::string unescaped_text(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 't') result += '\t';
    if (next == '\\') result += '\\';
    if (next == 't' || next == '\\') {
      ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string yaml_text(std::string_view text) {
  if (!text.empty() && looks_like_a_word(text)) return std::string(text);
  std::string quoted = "\"";
  for (char letter : text) {
    if (letter == '"' || letter == '\\') {
      quoted += '\\';
      quoted += letter;
    } else if (letter == '\t') {
      quoted += "\\t";
    } else if (letter == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(letter) < ' ' || letter == 0x7f) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
    } else {
      quoted += letter;
    }
  }
  return quoted + '"';
}

std::string yaml_list(std::span<const std::string> texts) {
  std::string list;
  for (const std::string& text : texts) {
    if (!list.empty()) list += ", ";
    list += yaml_text(text);
  }
  return "[" + list + "]";
}

std::string yaml_without_values(const std::map<std::string, std::optional<std::string>>& variables) {
  std::string map;
  for (const auto& [name, value] : variables) {
    if (!map.empty()) map += ", ";
    map += yaml_text(name) + ": " + (value.has_value() ? "…" : "~");
  }
  return "{" + map + "}";
}

std::string yaml_bytes(std::uint64_t bytes) {
  for (auto [name, size] : {std::pair{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}}) {
    std::uint64_t unit = std::uint64_t{1} << size;
    if (bytes >= unit && bytes % unit == 0) return fmt::format("{}{}", bytes / unit, name);
  }
  return std::to_string(bytes);
}

}  // namespace quern::job_file
