#pragma once

#include <array>
#include <string>
#include <string_view>

// The sums and alphabets of Hawk and of slugids. Pure functions.

namespace quern::taskcluster {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view message);
std::string_view bytes_of(const Digest& digest);

// RFC 4648, section 4, with its padding.
std::string base64(std::string_view bytes);
// RFC 4648, section 5, without padding.
std::string url_safe_base64(std::string_view bytes);

}  // namespace quern::taskcluster
