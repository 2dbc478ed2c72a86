#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

// The symmetric half of an envelope, over OpenSSL. Pure functions but for the random numbers.

namespace quern::credentials {

inline constexpr std::size_t kCipherKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;
// Of the form of 2014.
inline constexpr std::size_t kSaltBytes = 8;
inline constexpr std::size_t kIvBytes = 16;

// From the system's generator.
Result<Secret> random_secret(std::size_t bytes);
Result<std::string> random_bytes(std::size_t bytes);

struct SealedBytes {
  std::string nonce;
  std::string bytes;
  std::string tag;
};

// AES-256-GCM (NIST SP 800-38D). `key` has kCipherKeyBytes.
Result<SealedBytes> seal_gcm(const Secret& key, std::string_view associated, std::string_view bytes);
// None: the tag is wrong, whatever the reason. Nonce and tag have their lengths, which the caller has checked.
std::optional<Secret> open_gcm(const Secret& key, std::string_view associated, const SealedBytes& sealed);

struct SaltedBytes {
  std::string bytes;
  std::string iv;
  std::string salt;
};

// AES-256-CBC as CryptoJS has it: key and IV from EVP_BytesToKey (MD5, one round) of passphrase and salt. None: the
// padding is wrong, or the IV is not what follows from the passphrase. Nothing authenticates these bytes.
std::optional<Secret> open_cbc(std::string_view passphrase, const SaltedBytes& salted);

}  // namespace quern::credentials
