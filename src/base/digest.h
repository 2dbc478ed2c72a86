#pragma once

#include <memory>
#include <string>
#include <string_view>

// Cryptographic digests, computed by OpenSSL. All results are raw bytes; use hex_encode() or base64_encode() for text.

using EVP_MD_CTX = struct evp_md_ctx_st;  // declared by OpenSSL

namespace quern {

enum class DigestKind { kMd5, kSha1, kSha256, kSha512 };

// A digest of bytes that arrive piece by piece. Move-only; not thread-safe. Use one object per text.
class Digest {
 public:
  explicit Digest(DigestKind kind);
  void add(std::string_view bytes);
  // Returns the digest of all bytes added so far. Call it once, and add nothing afterwards.
  std::string value();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

std::string sha256(std::string_view bytes);
// HMAC-SHA-256 (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view message);

}  // namespace quern
