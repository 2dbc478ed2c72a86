#pragma once

#include <string_view>

namespace quern::archive {

// What a file holds that nobody else may read: "a private key" (PEM, OpenSSH, PGP, PuTTY, age) or "a secret key of
// AWS"; "" if nothing looks so. Pure. It finds what lies open: not what is compressed, encrypted or in pieces.
std::string_view secret_in(std::string_view content);

}  // namespace quern::archive
