#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Patterns for file names with the rules of shells, but independent of the locale: names are UTF-8, and an invalid byte
// counts as one character. Pure functions.

namespace quern::inputs::glob {

// Returns the index of the first *, ? or [ that no backslash escapes; npos if there is none.
std::size_t first_wildcard(std::string_view pattern);
inline bool has_wildcard(std::string_view pattern) { return first_wildcard(pattern) != std::string_view::npos; }

// Whether a part of a path (without '/') matches. * matches any characters, ? one, [a-z] [!a-z] [[:digit:]] one of a
// set, and a backslash escapes the next character. A leading dot is matched only by a leading dot.
bool matches(std::string_view pattern, std::string_view name);

// Returns the pattern without its escaping backslashes.
std::string unescape(std::string_view pattern);
// Returns a pattern that matches only this name.
std::string escape(std::string_view name);

// Expands {a,b} to a and b; groups may be nested or have empty parts: x{,.{gz,xz}} becomes x, x.gz and x.xz. Braces
// without a comma are ordinary characters. Fails with kBadConfig for patterns that expand to an unreasonable number of
// names.
Result<std::vector<std::string>> expand_braces(std::string_view pattern);

}  // namespace quern::inputs::glob
