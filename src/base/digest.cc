#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/result.h"

namespace quern {
namespace {

using Bytes = std::array<unsigned char, EVP_MAX_MD_SIZE>;

const EVP_MD* algorithm_of(DigestKind kind) {
  switch (kind) {
    case DigestKind::kMd5:
      return ::EVP_md5();
    case DigestKind::kSha1:
      return ::EVP_sha1();
    case DigestKind::kSha256:
      return ::EVP_sha256();
    case DigestKind::kSha512:
      return ::EVP_sha512();
  }
  return nullptr;
}

std::string text_of(const Bytes& bytes, unsigned size) { return {reinterpret_cast<const char*>(bytes.data()), size}; }

}  // namespace

Digest::Digest(DigestKind kind) : context_(::EVP_MD_CTX_new()) {
  CHECK(context_ != nullptr && ::EVP_DigestInit_ex(context_.get(), algorithm_of(kind), nullptr) == 1);
}

void Digest::add(std::string_view bytes) { CHECK(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }

std::string Digest::value() {
  Bytes bytes{};
  unsigned size = 0;
  CHECK(::EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) == 1);
  return text_of(bytes, size);
}

void Digest::Free::operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }

std::string sha256(std::string_view bytes) {
  Digest digest(DigestKind::kSha256);
  digest.add(bytes);
  return digest.value();
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  Bytes bytes{};
  unsigned size = 0;
  const auto* text = reinterpret_cast<const unsigned char*>(message.data());
  CHECK(::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), text, message.size(), bytes.data(), &size) !=
        nullptr);
  return text_of(bytes, size);
}

}  // namespace quern
