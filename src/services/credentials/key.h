#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "services/credentials/credentials_limits.h"

struct evp_pkey_st;

// RSA keys, over OpenSSL. Values that any one thread may use at a time; nothing here touches a file.

namespace quern::credentials {

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using KeyHandle = std::unique_ptr<evp_pkey_st, FreeKey>;

// With which function OAEP (RFC 8017) hashes, for its label and its mask alike. The label is always empty.
enum class OaepHash { kSha1, kSha256 };

// What seals. Move-only.
class PublicKey {
 public:
  // PEM: a public key, or a private one, of which the public part is taken. kBadInput, with the reason after `name`:
  // it is neither, it is protected by a passphrase, it is not an RSA key, or one of less than limits::kLeastKeyBits.
  static Result<PublicKey> from_pem(const Secret& pem, std::string_view name);

  // The first kKeyIdDigits hexadecimal digits of the SHA-256 of the key as SubjectPublicKeyInfo in DER.
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

// What opens. Move-only; OpenSSL wipes it when it goes.
class PrivateKey {
 public:
  // A new one of limits::kNewKeyBits. Takes a fraction of a second.
  static Result<PrivateKey> generate();
  // PEM, as PKCS #8 or PKCS #1. Errors as PublicKey::from_pem.
  static Result<PrivateKey> from_pem(const Secret& pem, std::string_view name);

  const std::string& id() const { return key_.id(); }
  // PKCS #8.
  Result<Secret> pem() const;
  Result<std::string> public_pem() const { return key_.pem(); }
  // None: they were not wrapped for this key in this way. Whoever tells the world which ones these are helps to forge
  // some, so the caller goes on with random bytes (see envelope.cc).
  std::optional<Secret> unwrap(std::string_view wrapped, OaepHash hash) const;
  // The same key, to seal with.
  PublicKey public_key() &&;

 private:
  explicit PrivateKey(PublicKey key) : key_(std::move(key)) {}
  PublicKey key_;  // its handle has the private part, too
};

inline constexpr std::size_t kKeyIdDigits = 16;

}  // namespace quern::credentials
