#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "services/credentials/aws_environment.h"

struct evp_pkey_st;

// RSA keys, using OpenSSL, and the files that hold them. Not thread-safe, but not bound to one thread.

namespace quern::limits {

// The size of new RSA keys, and the range of sizes that are accepted.
inline constexpr int kNewKeyBits = 3072;
inline constexpr int kLeastKeyBits = 2048;
inline constexpr int kMostKeyBits = 8192;

}  // namespace quern::limits

namespace quern::credentials {

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using KeyHandle = std::unique_ptr<evp_pkey_st, FreeKey>;

// The hash function that OAEP (RFC 8017) uses for both its label and its mask. The label is always empty.
enum class OaepHash { kSha1, kSha256 };

// A key that seals. Move-only.
class PublicKey {
 public:
  // Reads PEM: a public key, or a private key, of which it keeps the public part. kBadInput, with the reason after
  // `name`, if it is neither, is protected by a passphrase, is not an RSA key, or has fewer than limits::kLeastKeyBits
  // bits.
  static Result<PublicKey> from_pem(const Secret& pem, std::string_view name);

  // Returns the first kKeyIdDigits hexadecimal digits of the SHA-256 of the key as SubjectPublicKeyInfo in DER.
  const std::string& id() const { return id_; }
  Result<std::string> pem() const;
  Result<std::string> wrap(const Secret& bytes, OaepHash hash) const;

 private:
  friend class PrivateKey;
  static Result<PublicKey> from_handle(KeyHandle handle, std::string_view name);
  PublicKey(KeyHandle handle, std::string id) : handle_(std::move(handle)), id_(std::move(id)) {}
  KeyHandle handle_;
  std::string id_;
};

// A key that opens. Move-only; OpenSSL wipes it on destruction.
class PrivateKey {
 public:
  // Makes a new key of limits::kNewKeyBits bits. Takes a fraction of a second.
  static Result<PrivateKey> generate();
  // Reads PEM, as PKCS #8 or PKCS #1. Errors are those of PublicKey::from_pem.
  static Result<PrivateKey> from_pem(const Secret& pem, std::string_view name);

  const std::string& id() const { return key_.id(); }
  // Returns PKCS #8 as PEM.
  Result<Secret> pem() const;
  Result<std::string> public_pem() const { return key_.pem(); }
  // Returns nullopt if the bytes were not wrapped for this key in this way. Revealing which ones fail would help an
  // attacker to forge some, so the caller continues with random bytes (see envelope.cc).
  std::optional<Secret> unwrap(std::string_view wrapped, OaepHash hash) const;
  // Converts the key to one that seals.
  PublicKey public_key() &&;

 private:
  explicit PrivateKey(PublicKey key) : key_(std::move(key)) {}
  PublicKey key_;  // its handle also contains the private part
};

inline constexpr std::size_t kKeyIdDigits = 16;

inline constexpr const char* kSystemKeyFile = "/etc/quern/key.pem";

struct KeyFiles {
  std::string private_path;
  std::string public_path;
};
// Returns key.pub.pem for key.pem, and NAME.pub for any other name.
std::string public_path_of(const std::string& private_path);

// Creates both files and syncs them to disk; the private one has mode 0600 from the start. Never overwrites: if either
// exists, writes neither and returns kDenied.
Result<KeyFiles> write_key(const PrivateKey& key, const std::string& private_path);

struct LoadedKey {
  PrivateKey key;
  std::string path;
};
// Loads the key from `named` (the value of --key; "" if it was not given), else from the file that QUERN_KEY_FILE
// names, else from `system`. kNotFound lists all places that were searched. kDenied if anyone other than its owner and
// group may read it, or anyone other than its owner may write it; the message includes the chmod command to run.
Result<LoadedKey> load_private_key(const std::string& named, const EnvironmentLookup& environment,
                                   const std::string& system = kSystemKeyFile);
// Loads a public key, or the public part of a private one.
Result<PublicKey> load_public_key(const std::string& path);

}  // namespace quern::credentials
