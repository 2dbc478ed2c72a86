#pragma once

#include <string_view>

namespace quern::archive {

// Returns what kind of secret a file contains: "a private key" (PEM, OpenSSH, PGP, PuTTY, age) or "a secret key of
// AWS"; "" if none is found. Finds only plain text: not what is compressed, encrypted or split. Pure.
std::string_view secret_in(std::string_view content);

}  // namespace quern::archive
