#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"

// Helpers for URLs. Pure functions.

namespace quern::http {

// Whether scheme, host and port are equal. Only then may one receive what was meant for the other.
bool is_same_origin(const Url& a, const Url& b);

// Returns "https://host/path", the part of a URL that messages may show.
std::string shown(const Url& url);

// Resolves a Location header relative to `base` (RFC 3986, 5.2.2). Bytes that are not allowed in a URL are
// percent-encoded, as browsers do. A path that begins with / stays unchanged, including dot segments, because an
// object's key may contain them.
Result<std::string> resolve(const Url& base, std::string_view location);

}  // namespace quern::http
