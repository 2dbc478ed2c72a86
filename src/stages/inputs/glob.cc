#include "stages/inputs/glob.h"

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/utf8.h"

namespace quern::inputs::glob {
namespace {

constexpr std::size_t kMostNames = 10'000;
constexpr std::size_t kMostPatternBytes = std::size_t{64} << 10;
constexpr std::size_t kMostGroups = 100;
constexpr std::size_t kMostExpandedBytes = std::size_t{16} << 20;

// Returns the UTF-8 character at `at`. A byte that is not part of one counts as a character of its own, beyond Unicode.
utf8::Character character_at(std::string_view text, std::size_t at) {
  const utf8::Character character = utf8::first_character(text.substr(at));
  if (character.size_bytes > 0) return character;
  return {.size_bytes = 1, .code = 0x110000U + static_cast<unsigned char>(text[at])};
}

bool is_in_class(std::string_view name, std::uint32_t code) {
  if (code >= 0x80) return false;
  int byte = static_cast<int>(code);
  if (name == "alnum") return std::isalnum(byte) != 0;
  if (name == "alpha") return std::isalpha(byte) != 0;
  if (name == "digit") return std::isdigit(byte) != 0;
  if (name == "lower") return std::islower(byte) != 0;
  if (name == "punct") return std::ispunct(byte) != 0;
  if (name == "space") return std::isspace(byte) != 0;
  if (name == "upper") return std::isupper(byte) != 0;
  if (name == "xdigit") return std::isxdigit(byte) != 0;
  return false;
}

// How one step of the pattern applies to one character of the name.
struct Step {
  std::size_t size_bytes = 1;  // of the step, in the pattern
  bool matches = false;
};

// Matches a set [...]; `begin` is after the '['. Returns nothing if no ] closes it: then the [ is an ordinary
// character.
std::optional<Step> match_set(std::string_view pattern, std::size_t begin, std::uint32_t code) {
  std::size_t at = begin;
  bool is_negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (is_negated) ++at;
  bool is_found = false;
  for (bool is_first = true; true; is_first = false) {
    if (at >= pattern.size()) return std::nullopt;
    if (pattern[at] == ']' && !is_first) break;
    if (pattern.substr(at, 2) == "[:") {
      std::size_t end = pattern.find(":]", at + 2);
      if (end != std::string_view::npos) {
        is_found |= is_in_class(pattern.substr(at + 2, end - at - 2), code);
        at = end + 2;
        continue;
      }
    }
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    utf8::Character low = character_at(pattern, at);
    at += low.size_bytes;
    utf8::Character high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      ++at;
      if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
      high = character_at(pattern, at);
      at += high.size_bytes;
    }
    is_found |= low.code <= code && code <= high.code;
  }
  return Step{.size_bytes = at + 1 - begin, .matches = is_found != is_negated};
}

// Matches any step except a '*'.
Step match_step(std::string_view pattern, std::size_t at, std::uint32_t code) {
  if (pattern[at] == '?') return {.size_bytes = 1, .matches = true};
  if (pattern[at] == '[') {
    if (auto step = match_set(pattern, at + 1, code))
      return {.size_bytes = step->size_bytes + 1, .matches = step->matches};
  }
  std::size_t escape_bytes = pattern[at] == '\\' && at + 1 < pattern.size() ? 1 : 0;
  utf8::Character own = character_at(pattern, at + escape_bytes);
  return {.size_bytes = escape_bytes + own.size_bytes, .matches = own.code == code};
}

struct BraceGroup {
  std::size_t begin = 0;
  std::size_t end = 0;                   // of the closing '}'
  std::vector<std::size_t> commas = {};  // those that are not in nested groups
};

// Returns the leftmost group that has a comma, so the outermost of nested ones.
std::optional<BraceGroup> first_group(std::string_view pattern) {
  std::optional<BraceGroup> first;
  std::vector<BraceGroup> open;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') {
      ++at;
    } else if (pattern[at] == '{') {
      open.push_back({.begin = at});
    } else if (pattern[at] == ',' && !open.empty()) {
      open.back().commas.push_back(at);
    } else if (pattern[at] == '}' && !open.empty()) {
      open.back().end = at;
      bool is_leftmost = !first.has_value() || open.back().begin < first->begin;
      if (!open.back().commas.empty() && is_leftmost) first = std::move(open.back());
      open.pop_back();
      if (open.empty() && first.has_value()) return first;
    }
  }
  return first;
}

class BraceExpansion {
 public:
  Result<void> expand(std::string_view pattern, std::size_t depth) {
    auto group = first_group(pattern);
    if (!group.has_value()) {
      names_.emplace_back(pattern);
      size_bytes_ += pattern.size();
    }
    if (names_.size() > kMostNames || size_bytes_ > kMostExpandedBytes || depth > kMostGroups) {
      return bad_config("the braces mean too many names (more than " + std::to_string(kMostNames) +
                        ", or from more than " + std::to_string(kMostGroups) + " groups); use * or a manifest");
    }
    if (!group.has_value()) return {};
    group->commas.push_back(group->end);
    std::size_t begin = group->begin + 1;
    for (std::size_t end : group->commas) {
      std::string name(pattern.substr(0, group->begin));
      name.append(pattern.substr(begin, end - begin)).append(pattern.substr(group->end + 1));
      TRY(expand(name, depth + 1));
      begin = end + 1;
    }
    return {};
  }
  std::vector<std::string> take_names() { return std::move(names_); }

 private:
  std::vector<std::string> names_;
  std::size_t size_bytes_ = 0;
};

}  // namespace

std::size_t first_wildcard(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') {
      ++at;
    } else if (pattern[at] == '*' || pattern[at] == '?' || pattern[at] == '[') {
      return at;
    }
  }
  return std::string_view::npos;
}

// Only the last * is ever retried. That is sufficient, and keeps the time within the product of the two lengths.
bool matches(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.') && !pattern.starts_with("\\.")) return false;
  std::size_t at = 0;
  std::size_t name_at = 0;
  std::size_t after_star = std::string_view::npos;
  std::size_t star_begin = 0;
  while (name_at < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      after_star = ++at;
      star_begin = name_at;
      continue;
    }
    utf8::Character character = character_at(name, name_at);
    if (at < pattern.size()) {
      Step step = match_step(pattern, at, character.code);
      if (step.matches) {
        at += step.size_bytes;
        name_at += character.size_bytes;
        continue;
      }
    }
    if (after_star == std::string_view::npos) return false;
    star_begin += character_at(name, star_begin).size_bytes;
    name_at = star_begin;
    at = after_star;
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

std::string escape(std::string_view name) {
  std::string pattern;
  for (char byte : name) {
    if (std::string_view("*?[{\\").find(byte) != std::string_view::npos) pattern += '\\';
    pattern += byte;
  }
  return pattern;
}

std::string unescape(std::string_view pattern) {
  std::string text;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    text += pattern[at];
  }
  return text;
}

Result<std::vector<std::string>> expand_braces(std::string_view pattern) {
  if (pattern.size() > kMostPatternBytes) {
    return bad_config("a pattern of " + std::to_string(pattern.size()) + " bytes is too long; use a manifest");
  }
  BraceExpansion expansion;
  TRY(expansion.expand(pattern, 0));
  return expansion.take_names();
}

}  // namespace quern::inputs::glob
