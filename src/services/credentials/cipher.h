#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

// The symmetric part of an envelope, using OpenSSL. Pure functions, except for random numbers.

namespace quern::credentials {

// Casts between char and the unsigned char that OpenSSL uses.
inline const unsigned char* in(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
inline unsigned char* out(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

inline constexpr std::size_t kCipherKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;
// For the 2014 format.
inline constexpr std::size_t kSaltBytes = 8;
inline constexpr std::size_t kIvBytes = 16;

// Returns random bytes from the system's generator.
Result<Secret> random_secret(std::size_t bytes);
Result<std::string> random_bytes(std::size_t bytes);

struct SealedBytes {
  std::string nonce;
  std::string bytes;
  std::string tag;
};

// AES-256-GCM (NIST SP 800-38D). `key` has kCipherKeyBytes.
Result<SealedBytes> seal_gcm(const Secret& key, std::string_view associated, std::string_view bytes);
// Returns nullopt if the tag is wrong, for whatever reason. The caller has checked the lengths of nonce and tag.
std::optional<Secret> open_gcm(const Secret& key, std::string_view associated, const SealedBytes& sealed);

struct SaltedBytes {
  std::string bytes;
  std::string iv;
  std::string salt;
};

// AES-256-CBC as in CryptoJS: key and IV are derived from passphrase and salt with EVP_BytesToKey (MD5, one round).
// Returns nullopt if the padding is wrong or the IV does not match the passphrase. The data is not authenticated.
std::optional<Secret> open_cbc(std::string_view passphrase, const SaltedBytes& salted);

}  // namespace quern::credentials
