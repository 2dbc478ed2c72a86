#include "services/json/path.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "model/limits.h"

namespace quern::json {
namespace {

constexpr std::string_view kNeedQuotes = ".[]\"'";

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(trimmed(text, " ")) {}

  Result<Path> parse() {
    if (text_.empty()) return wrong("it is empty");
    while (true) {
      TRY(at_end() || text_[at_] != '[' ? read_name() : read_brackets());
      while (!at_end() && text_[at_] == '[') TRY(read_brackets());
      if (path_.size() > limits::kMaxPathSteps) {
        return wrong(fmt::format("it has more than {} steps", std::size_t{limits::kMaxPathSteps}));
      }
      if (at_end()) return std::move(path_);
      if (text_[at_] != '.') return wrong(fmt::format("a dot or a bracket must come before '{}'", text_[at_]));
      ++at_;
    }
  }

 private:
  bool at_end() const { return at_ == text_.size(); }

  Error wrong(const std::string& why) const {
    return bad_config(
        fmt::format("'{}' is not a path: {} (character {}); write it as in info.OS, \"a.b\".c, "
                    "a[0].b or a[*].b",
                    text_, why, at_ + 1));
  }

  Result<void> read_name() {
    if (!at_end() && (text_[at_] == '"' || text_[at_] == '\'')) return read_quoted();
    std::size_t end = std::min(text_.find_first_of(kNeedQuotes, at_), text_.size());
    if (end == at_) return wrong("a name is missing");
    add_name(std::string(text_.substr(at_, end - at_)));
    at_ = end;
    return {};
  }

  Result<void> read_quoted() {
    std::size_t start = at_;
    char quote = text_[at_++];
    std::string name;
    while (!at_end() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      name.push_back(text_[at_++]);
    }
    if (at_end()) {
      at_ = start;
      return wrong("this quote is never closed");
    }
    ++at_;
    add_name(std::move(name));
    return {};
  }

  Result<void> read_brackets() {
    std::size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) return wrong("this bracket is never closed");
    std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    PathStep step{.kind = PathStep::Kind::kEvery};
    if (inside != "*") {
      step.kind = PathStep::Kind::kIndex;
      auto [stop, status] = std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
      if (status != std::errc{} || stop != inside.data() + inside.size()) {
        return wrong("brackets contain the index of an element, from 0, or * for every element");
      }
    }
    path_.push_back(std::move(step));
    at_ = end + 1;
    return {};
  }

  void add_name(std::string name) { path_.push_back({.kind = PathStep::Kind::kName, .name = std::move(name)}); }

  const std::string_view text_;
  std::size_t at_ = 0;
  Path path_;
};

}  // namespace

Result<Path> parse_path(std::string_view text) { return PathParser(text).parse(); }

std::string path_text(const Path& path) {
  std::string text;
  for (const PathStep& step : path) {
    if (step.kind != PathStep::Kind::kName) {
      text += step.kind == PathStep::Kind::kEvery ? "[*]" : fmt::format("[{}]", step.index);
      continue;
    }
    if (!text.empty()) text += '.';
    const bool has_edges = step.name.empty() || step.name.front() == ' ' || step.name.back() == ' ';
    if (!has_edges && step.name.find_first_of(kNeedQuotes) == std::string::npos) {
      text += step.name;
      continue;
    }
    text += '"';
    for (char letter : step.name) {
      if (letter == '"' || letter == '\\') text += '\\';
      text += letter;
    }
    text += '"';
  }
  return text;
}

bool has_every(const Path& path) {
  return std::any_of(path.begin(), path.end(),
                     [](const PathStep& step) { return step.kind == PathStep::Kind::kEvery; });
}

}  // namespace quern::json
