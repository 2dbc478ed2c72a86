#include "base/regex.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/text.h"

namespace quern {
namespace {

// Groups that are captured at all: RE2 writes them to memory of the caller.
constexpr std::size_t kMostGroups = 256;

}  // namespace

Result<Regex> Regex::make(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) {
    std::string reason = compiled->error();
    std::replace_if(reason.begin(), reason.end(), is_control, ' ');
    return bad_config(std::move(reason));
  }
  if (compiled->NumberOfCapturingGroups() >= static_cast<int>(kMostGroups)) return bad_config("too many groups");
  Regex regex(std::move(compiled));
  const std::set<std::string> distinct(regex.names_.begin(), regex.names_.end());
  if (distinct.size() < regex.names_.size()) return bad_config("two groups have the same name");
  return regex;
}

Regex::Regex(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {
  for (const auto& [number, name] : compiled_->CapturingGroupNames()) {
    names_.push_back(name);
    numbers_.push_back(number);
  }
  found_.resize(names_.size());
}

Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

bool Regex::matches(std::string_view text) const {
  return compiled_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

const std::vector<std::optional<std::string_view>>* Regex::find(std::string_view text) {
  std::array<re2::StringPiece, kMostGroups> groups;
  const int wanted = numbers_.empty() ? 0 : numbers_.back() + 1;
  if (!compiled_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED, groups.data(),
                        wanted)) {
    return nullptr;
  }
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    const re2::StringPiece& group = groups[static_cast<std::size_t>(numbers_[i])];
    found_[i].reset();
    if (group.data() != nullptr) found_[i].emplace(group.data(), group.size());
  }
  return &found_;
}

}  // namespace quern
