#pragma once

#include <memory>
#include <string>
#include <string_view>

// Cryptographic digests, by OpenSSL. All results are raw bytes; hex_encode() and base64_encode() make text of them.

using EVP_MD_CTX = struct evp_md_ctx_st;  // of OpenSSL

namespace quern {

enum class DigestKind { kMd5, kSha1, kSha256, kSha512 };

// A digest of bytes that arrive one after the other. Move-only; not thread-safe.
class Digest {
 public:
  explicit Digest(DigestKind kind);
  void add(std::string_view bytes);
  // The digest of all bytes so far. Only once, and nothing may be added afterwards.
  std::string value();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

std::string sha256(std::string_view bytes);
// RFC 2104.
std::string hmac_sha256(std::string_view key, std::string_view message);

}  // namespace quern
