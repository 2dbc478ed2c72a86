#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace quern {

// A regular expression in the syntax of RE2, over UTF-8: the only user of that library. Matching takes time linear in
// the text, whatever the expression, so there is neither lookaround nor a reference to a group. Movable; one object
// must not be used by two threads.
class Regex {
 public:
  // kBadConfig with RE2's reason if `pattern` is not an expression.
  static Result<Regex> make(std::string_view pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
  ~Regex();

  // The names of the named groups, in the order in which these begin.
  const std::vector<std::string>& names() const { return names_; }

  // Whether the expression matches somewhere in `text`: ^ and $ anchor it.
  bool matches(std::string_view text) const;
  // The same, and what each named group matched, in the order of names(); empty optionals for groups that took no part.
  // The result is valid until the next call.
  const std::vector<std::optional<std::string_view>>* find(std::string_view text);

 private:
  explicit Regex(std::unique_ptr<re2::RE2> compiled);

  std::unique_ptr<re2::RE2> compiled_;
  std::vector<std::string> names_;
  std::vector<int> numbers_;  // of the named groups
  std::vector<std::optional<std::string_view>> found_;
};

}  // namespace quern
