#include "job_file/job_file_yaml_hints.h"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"

namespace quern::job_file {
namespace {

constexpr std::string_view kBlanks = " \t";
// A plain scalar cannot begin with any of these.
constexpr std::string_view kIndicators = ",[]{}#&*!|>'\"%@`";
// A plain scalar cannot consist of only one of these.
constexpr std::string_view kLoneIndicators = "-?:~";

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

bool is_indented(std::string_view line) { return line.starts_with(' ') || line.starts_with('\t'); }

// The value of a `separator:` line if it consists of characters that YAML would interpret; otherwise nullopt.
std::optional<std::string_view> bare_separator(std::string_view line, std::string_view next_line) {
  constexpr std::string_view kKey = "separator:";
  if (!line.starts_with(kKey)) return std::nullopt;
  std::string_view value = line.substr(kKey.size());
  if (!is_indented(value)) return std::nullopt;
  if (std::size_t comment = value.find(" #"); comment != std::string_view::npos) value = value.substr(0, comment);
  value = trimmed(value, kBlanks);
  constexpr std::string_view kQuotes = "'\"";
  if (value.empty()) return std::nullopt;
  // Letters or digits mean that it is YAML after all, such as [a].
  if (std::any_of(value.begin(), value.end(), [](unsigned char c) { return std::isalnum(c) != 0; }))
    return std::nullopt;
  bool is_special =
      kIndicators.find(value[0]) != std::string_view::npos || kLoneIndicators.find(value[0]) != std::string_view::npos;
  if (!is_special) return std::nullopt;
  // A single quotation mark is meant literally; anything longer that begins with one is quoted text.
  if (kQuotes.find(value[0]) != std::string_view::npos && value.size() > 1) return std::nullopt;
  bool is_block_of_text =
      (value[0] == '|' || value[0] == '>') && is_indented(next_line) && !trimmed(next_line, kBlanks).empty();
  if (is_block_of_text || value.find_first_of(kBlanks) != std::string_view::npos) return std::nullopt;
  return value;
}

int line_with_tab(const std::vector<std::string_view>& lines, int last) {
  for (int i = std::min(last, static_cast<int>(lines.size()) - 1); i >= 0; --i) {
    std::string_view line = lines[static_cast<std::size_t>(i)];
    std::size_t content = line.find_first_not_of(kBlanks);
    if (content == std::string_view::npos || line[content] == '#') continue;
    if (line.substr(0, content).find('\t') != std::string_view::npos) return i;
  }
  return -1;
}

std::string quote_it(char first, std::string_view example) {
  return fmt::format(
      "a value that begins with {} must be in quotes, as in \"{}\"; as a path of mapper.value it needs "
      "two kinds of them, '\"{}\"'",
      first, example, example);
}

std::string quote_text_with(char special) {
  return fmt::format("text with {} in it must be in quotes where brackets or braces are around it, as in [\"a{}b\"]",
                     special, special);
}

std::string hint(std::string_view line, const YamlComplaint& complaint) {
  namespace messages = YAML::ErrorMsg;
  auto is = [&](auto... those) { return (complaint.message.starts_with(those) || ...); };
  auto column = static_cast<std::size_t>(std::max(complaint.column, 0));
  if (is(messages::INVALID_UNICODE)) {
    return "two \\u escapes mean one character only in JSON; write the character itself, or one \\U escape with "
           "eight "
           "digits, as in \"\\U0001F600\"";
  }
  if (is(messages::INVALID_ESCAPE)) {
    return complaint.message +
           "; in double quotes a backslash begins an escape; write text with backslashes, such as "
           "a regular expression, in single quotes";
  }
  if (is(messages::ALIAS_NOT_FOUND)) {
    return quote_text_with('*');
  }
  if (is(messages::UNKNOWN_ANCHOR)) {
    std::string_view name = column < line.size() ? line.substr(column) : "";
    return quote_it('*', name.substr(0, name.find_first_of(", \t]}")));
  }
  const std::string_view before = trimmed(line.substr(0, column), kBlanks);
  const bool is_behind_bracket = before.ends_with(']') || before.ends_with('}');
  if (is(messages::END_OF_MAP_FLOW, messages::END_OF_SEQ_FLOW, messages::FLOW_END) ||
      (is_behind_bracket && is(messages::END_OF_MAP, messages::END_OF_SEQ))) {
    return "a list in brackets or a map in braces is not closed, or something follows it; text with brackets or braces "
           "must be in quotes, as in \"[ab]*.gz\"";
  }
  if (is(messages::UNKNOWN_TOKEN) && column < line.size()) {
    const bool is_first = column == 0 || std::string_view(" \t[{,").find(line[column - 1]) != std::string_view::npos;
    if (!is_first) return quote_text_with(line[column]);
    return quote_it(line[column], trimmed(line.substr(column), kBlanks));
  }
  if (is(messages::MAP_VALUE)) {
    return "unexpected ':' here; text that contains a colon and a space must be in quotes, each setting needs "
           "a "
           "line of its own and a space after its colon, and settings of one map are indented alike";
  }
  if (is(messages::END_OF_MAP)) {
    return "this line does not match the indentation above it: settings of one map are indented alike, and nothing may "
           "follow "
           "a closing quote, bracket or brace";
  }
  if (is(messages::BLOCK_ENTRY)) return "a list begins on a line of its own, or is written in brackets, as in [a, b]";
  if (is(messages::BAD_FILE)) return "too many nested maps and lists";
  return complaint.message;
}

bool closes(std::string_view text, std::size_t position) {
  const char quote = text[position];
  for (std::size_t i = position + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<void> refuse_binary(const YamlSource& source) {
  int line = 1;
  for (std::size_t i = 0; i < source.text.size();) {
    const std::size_t length = utf8::first_character(source.text.substr(i)).size_bytes;
    char first = source.text[i];
    bool is_control = first >= 0 && first < ' ' && first != '\n' && first != '\t' && first != '\r';
    if (length == 0 || is_control || first == 0x7f) {
      return bad_config(fmt::format("{}: byte 0x{:02x} is not text; a job file is UTF-8 without control characters",
                                    place(source.name, source.has_lines ? line : 0),
                                    static_cast<unsigned char>(first)));
    }
    if (first == '\n') ++line;
    i += length;
  }
  return {};
}

std::string with_quoted_separator(std::string_view text) {
  std::vector<std::string_view> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto value = bare_separator(lines[i], i + 1 < lines.size() ? lines[i + 1] : "");
    if (!value.has_value()) continue;
    std::string quoted = *value == "'" ? "\"'\"" : fmt::format("'{}'", *value);
    std::string result(text.substr(0, static_cast<std::size_t>(value->data() - text.data())));
    result += quoted;
    result += text.substr(static_cast<std::size_t>(value->data() + value->size() - text.data()));
    return result;
  }
  return std::string(text);
}

std::string problem_of_scalar(std::string_view text, std::size_t position, std::string_view value) {
  if (position >= text.size()) return "";
  const char first = text[position];
  if (first == '"' || first == '\'') return closes(text, position) ? "" : "this quotation mark is never closed";
  bool is_plain = kIndicators.find(first) == std::string_view::npos;
  if (!is_plain || value.empty() || text.substr(position).starts_with(value)) return "";
  return "this value goes on in the next line; put it in quotes if that is meant, else look at the indentation";
}

std::string explain(const YamlSource& source, const YamlComplaint& complaint) {
  std::vector<std::string_view> lines = lines_of(source.text);
  if (int tab = line_with_tab(lines, complaint.line); tab >= 0) {
    return fmt::format("{}: a TAB indents this line; YAML allows spaces only",
                       place(source.name, source.has_lines ? tab + 1 : 0));
  }
  auto index = static_cast<std::size_t>(std::max(complaint.line, 0));
  std::string_view line = index < lines.size() ? lines[index] : "";
  return fmt::format("{}: {}", place(source.name, source.has_lines ? complaint.line + 1 : 0), hint(line, complaint));
}

}  // namespace quern::job_file
