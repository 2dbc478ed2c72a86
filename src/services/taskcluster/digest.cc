#include "services/taskcluster/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/result.h"

namespace quern::taskcluster {

Digest sha256(std::string_view bytes) {
  Digest digest{};
  CHECK(::EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, ::EVP_sha256(), nullptr) == 1);
  return digest;
}

Sha256::Sha256() : context_(::EVP_MD_CTX_new()) {
  CHECK(context_ != nullptr && ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) == 1);
}

void Sha256::add(std::string_view bytes) { CHECK(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }

Digest Sha256::digest() {
  Digest digest{};
  CHECK(::EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
  return digest;
}

void Sha256::Free::operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }

Digest hmac_sha256(std::string_view key, std::string_view message) {
  Digest digest{};
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  CHECK(::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, message.size(), digest.data(), &size) !=
        nullptr);
  return digest;
}

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string base64(std::string_view bytes) {
  // EVP_EncodeBlock also writes a terminating zero.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                               reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string url_safe_base64(std::string_view bytes) {
  std::string text = base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& letter : text) {
    if (letter == '+') letter = '-';
    if (letter == '/') letter = '_';
  }
  return text;
}

}  // namespace quern::taskcluster
