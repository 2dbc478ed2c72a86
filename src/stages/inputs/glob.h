#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Patterns for file names, as shells know them, but the same whatever the locale: names are UTF-8, and a byte that is
// not counts as one character. Pure functions.

namespace quern::inputs::glob {

// Where the first *, ? or [ stands that no backslash takes the meaning from; npos if there is none.
std::size_t first_wildcard(std::string_view pattern);
inline bool has_wildcard(std::string_view pattern) { return first_wildcard(pattern) != std::string_view::npos; }

// Does one part of a path (without '/') match? * is any characters, ? one, [a-z] [!a-z] [[:digit:]] one of a set, and a
// backslash takes the meaning from what follows it. A leading dot only matches a leading dot.
bool matches(std::string_view pattern, std::string_view name);

// The pattern without the backslashes that take a meaning away.
std::string unescape(std::string_view pattern);
// The pattern that only this name matches.
std::string escape(std::string_view name);

// {a,b} stands for a and for b, also nested and empty: x{,.{gz,xz}} gives x, x.gz and x.xz. Braces without a comma are
// ordinary characters. kBadConfig for patterns that stand for more names than anybody means.
Result<std::vector<std::string>> expand_braces(std::string_view pattern);

}  // namespace quern::inputs::glob
