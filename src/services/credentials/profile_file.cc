#include "services/credentials/profile_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace quern::credentials {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kBlanks = " \t\r";

// Cuts the text at a space that is followed by # or ;.
std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if ((text[i] == '#' || text[i] == ';') && (text[i - 1] == ' ' || text[i - 1] == '\t')) return text.substr(0, i);
  }
  return text;
}

class Parser {
 public:
  explicit Parser(ProfileFileKind kind) : kind_(kind) {}

  // Returns "" if the line is valid, otherwise the problem.
  std::string_view take(std::string_view raw, std::size_t line) {
    std::string_view text = trimmed(raw, kBlanks);
    if (text.empty() || text.front() == '#' || text.front() == ';') return "";
    if (text.find('\0') != std::string_view::npos) return "there is a zero byte; is this a text file?";
    std::size_t indent = std::min(raw.find_first_not_of(kBlanks), raw.size());
    // A line that follows a property and is indented further is part of it.
    if (has_property_ && indent > property_indent_) return take_inner(text, line);
    if (text.front() == '[') return take_section(text);
    has_property_ = true;
    property_indent_ = indent;
    return take_property(text, line);
  }
  std::vector<Property> properties() && { return std::move(properties_); }

 private:
  std::string_view take_section(std::string_view text) {
    has_property_ = false;
    std::size_t end = text.find(']');
    if (end == std::string_view::npos) return "a section's name ends with ]";
    std::string_view behind = trimmed(text.substr(end + 1), kBlanks);
    if (!behind.empty() && behind.front() != '#' && behind.front() != ';') return "there is something behind the ]";
    std::string_view name = trimmed(text.substr(1, end - 1), kBlanks);
    if (name.empty()) return "a section has no name";
    in_section_ = true;
    is_of_services_ = false;
    profile_ = profile_of(name);
    return "";
  }

  // Returns nullopt if the section is not a profile.
  std::optional<std::string> profile_of(std::string_view name) {
    if (kind_ == ProfileFileKind::kCredentials) return unquoted(name);
    if (name == "default") return "default";
    const std::size_t end = name.find_first_of(kBlanks);
    const std::string_view word = name.substr(0, end);
    is_of_services_ = word == "services";
    if (end == std::string_view::npos || (word != "profile" && !is_of_services_)) return std::nullopt;
    return unquoted(trimmed(name.substr(end), kBlanks));
  }
  static std::string unquoted(std::string_view name) {
    bool is_quoted = name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front();
    return std::string(is_quoted ? name.substr(1, name.size() - 2) : name);
  }

  std::string_view take_property(std::string_view text, std::size_t line) {
    if (!in_section_) return "it is before the first section; put [default] before it";
    std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return "it is neither a [section] nor name = value";
    std::string name(trimmed(text.substr(0, equals), kBlanks));
    if (name.empty()) return "there is no name before the =";
    outer_ = lower(std::move(name));
    add(outer_, text.substr(equals + 1), line);
    return "";
  }

  // Reads a property within another one. Ignores a line that is not a property.
  std::string_view take_inner(std::string_view text, std::size_t line) {
    std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return "";
    add(outer_ + "." + lower(std::string(trimmed(text.substr(0, equals), kBlanks))), text.substr(equals + 1), line);
    return "";
  }

  void add(std::string name, std::string_view text, std::size_t line) {
    if (!profile_.has_value()) return;
    // The space before a comment may be the one after the =.
    std::string_view value = trimmed(without_comment(text), kBlanks);
    properties_.push_back({.profile = *profile_,
                           .is_of_services = is_of_services_,
                           .name = std::move(name),
                           .value = value,
                           .line = line});
  }
  static std::string lower(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
      return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    });
    return name;
  }

  const ProfileFileKind kind_;
  bool in_section_ = false;
  bool is_of_services_ = false;         // whether the current section is a services section
  std::optional<std::string> profile_;  // of the current section
  std::string outer_;                   // the name of the last property that is not nested
  bool has_property_ = false;           // since the start of the section
  std::size_t property_indent_ = 0;     // of the last property
  std::vector<Property> properties_;
};

}  // namespace

Result<std::vector<Property>> parse_profile_file(std::string_view text, ProfileFileKind kind, std::string_view path) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Parser parser(kind);
  for (std::size_t line = 1; !text.empty(); ++line) {
    std::string_view raw = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), raw.size() + 1));
    if (std::string_view wrong = parser.take(raw, line); !wrong.empty()) {
      return bad_input(fmt::format("{}:{}: {}", path, line, wrong));
    }
  }
  return std::move(parser).properties();
}

}  // namespace quern::credentials
