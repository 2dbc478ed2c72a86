#include "stages/inputs/key_pattern.h"

#include <algorithm>
#include <utility>

#include "stages/inputs/glob.h"

namespace quern::inputs {
namespace {

constexpr std::string_view kAnyParts = "**";

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t slash = text.find('/');
    parts.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

bool is_hidden(std::string_view part) { return part.starts_with('.'); }

// Adds another listing, whose prefix must begin with that of `listing`.
void join(KeyListing& listing, KeyListing other) {
  bool is_below = other.prefix.find('/', listing.prefix.size()) != std::string::npos;
  listing.is_one_level = listing.is_one_level && other.is_one_level && !is_below;
  for (KeyPattern& pattern : other.patterns) listing.patterns.push_back(std::move(pattern));
}

}  // namespace

KeyPattern::KeyPattern(std::string_view pattern) {
  for (std::string_view part : split(pattern)) {
    bool is_repeated = part == kAnyParts && !parts_.empty() && parts_.back() == kAnyParts;
    if (!is_repeated) parts_.emplace_back(part);
  }
}

// Only the last ** is ever retried, as for the * of one part.
bool KeyPattern::matches(std::string_view key) const {
  std::vector<std::string_view> names = split(key);
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t at = 0;
  std::size_t name_at = 0;
  std::size_t after_any = kNone;
  std::size_t any_begin = 0;
  while (name_at < names.size()) {
    if (at < parts_.size() && parts_[at] == kAnyParts) {
      bool is_last = at + 1 == parts_.size();
      if (is_last) return std::none_of(names.begin() + static_cast<std::ptrdiff_t>(name_at), names.end(), is_hidden);
      after_any = ++at;
      any_begin = name_at;
      continue;
    }
    if (at < parts_.size() && glob::matches(parts_[at], names[name_at])) {
      ++at;
      ++name_at;
      continue;
    }
    if (after_any == kNone || is_hidden(names[any_begin])) return false;
    name_at = ++any_begin;
    at = after_any;
  }
  return at == parts_.size();
}

bool KeyPattern::names_bookkeeping() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const std::string& part) { return part.starts_with('_'); });
}

Result<KeyPlan> plan_keys(std::string_view pattern) {
  std::string text(pattern);
  if (text.empty() || text.ends_with('/')) text += kAnyParts;
  TRY_ASSIGN(auto alternatives, glob::expand_braces(text));
  KeyPlan plan;
  std::vector<KeyListing> listings;
  for (const std::string& alternative : alternatives) {
    std::size_t wildcard_at = glob::first_wildcard(alternative);
    if (wildcard_at == std::string::npos) {
      if (!alternative.empty()) plan.exact.push_back(glob::unescape(alternative));
      continue;
    }
    std::string_view rest = std::string_view(alternative).substr(wildcard_at);
    bool is_any_depth = rest == kAnyParts && (wildcard_at == 0 || alternative[wildcard_at - 1] == '/');
    listings.push_back({.prefix = glob::unescape(alternative.substr(0, wildcard_at)),
                        .is_one_level = rest.find('/') == std::string_view::npos && !is_any_depth,
                        .patterns = {KeyPattern(alternative)}});
  }
  std::stable_sort(listings.begin(), listings.end(),
                   [](const KeyListing& left, const KeyListing& right) { return left.prefix < right.prefix; });
  for (KeyListing& listing : listings) {
    bool is_covered = !plan.listings.empty() && listing.prefix.starts_with(plan.listings.back().prefix);
    if (is_covered) {
      join(plan.listings.back(), std::move(listing));
    } else {
      plan.listings.push_back(std::move(listing));
    }
  }
  return plan;
}

std::size_t folder_bytes(std::string_view pattern) {
  std::size_t special_at = std::min(glob::first_wildcard(pattern), pattern.size());
  for (std::size_t at = 0; at < special_at; ++at) {
    if (pattern[at] == '\\') {
      ++at;
    } else if (pattern[at] == '{') {
      special_at = at;
    }
  }
  bool is_plain = special_at == pattern.size() && !pattern.ends_with('/');
  std::size_t slash = pattern.substr(0, special_at).rfind('/');
  if (is_plain || slash == std::string_view::npos) return 0;
  return glob::unescape(pattern.substr(0, slash + 1)).size();
}

}  // namespace quern::inputs
