#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "services/http/http.h"

// What the client asks of URLs besides taking them apart. Pure functions.

namespace quern::http {

// Same scheme, host and port: who answers one may see what was meant for the other.
bool is_same_origin(const Url& a, const Url& b);

// "https://host/path": what messages may show of a URL.
std::string shown(const Url& url);

// Where a Location header leads from `base` (RFC 3986, 5.2.2). Bytes that no URL may hold are percent-encoded, as
// browsers do. A path that is given from its root is left as it is, dots and all: an object's key may hold them.
Result<std::string> resolve(const Url& base, std::string_view location);

}  // namespace quern::http
