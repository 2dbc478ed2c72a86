#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

// The sums and alphabets of Hawk and of slugids. Pure functions, and a value of no thread.

using EVP_MD_CTX = struct evp_md_ctx_st;  // of OpenSSL

namespace quern::taskcluster {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes);
// Of bytes that come one after the other.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  Digest digest();  // once

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};
Digest hmac_sha256(std::string_view key, std::string_view message);
std::string_view bytes_of(const Digest& digest);

// RFC 4648, section 4, with its padding.
std::string base64(std::string_view bytes);
// RFC 4648, section 5, without padding.
std::string url_safe_base64(std::string_view bytes);

}  // namespace quern::taskcluster
