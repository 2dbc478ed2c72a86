#include "services/credentials/cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <memory>

namespace quern::credentials {
namespace {

struct FreeCipherContext {
  // Also wipes the context.
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

int length(std::string_view bytes) { return static_cast<int>(bytes.size()); }

Error no_cipher(const char* what) {
  return Error{.kind = ErrorKind::kInternal,
               .message = std::string("OpenSSL cannot ") + what + "; is it a build without AES, or one for FIPS?"};
}

struct KeyAndIv {
  std::array<unsigned char, kCipherKeyBytes> key{};
  std::array<unsigned char, kIvBytes> iv{};
  ~KeyAndIv() {
    OPENSSL_cleanse(key.data(), key.size());
    OPENSSL_cleanse(iv.data(), iv.size());
  }
};

}  // namespace

Result<std::string> random_bytes(std::size_t bytes) {
  std::string random(bytes, '\0');
  if (RAND_bytes(out(random), static_cast<int>(bytes)) != 1) return no_cipher("make random numbers");
  return random;
}

Result<Secret> random_secret(std::size_t bytes) {
  TRY_ASSIGN(std::string random, random_bytes(bytes));
  return Secret(std::move(random));
}

Result<SealedBytes> seal_gcm(const Secret& key, std::string_view associated, std::string_view bytes) {
  CHECK(key.reveal().size() == kCipherKeyBytes);
  TRY_ASSIGN(std::string nonce, random_bytes(kNonceBytes));
  SealedBytes sealed{
      .nonce = std::move(nonce), .bytes = std::string(bytes.size(), '\0'), .tag = std::string(kTagBytes, '\0')};
  CipherContext context(EVP_CIPHER_CTX_new());
  int count = 0;
  int more = 0;
  if (context == nullptr ||
      EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), in(key.reveal()), in(sealed.nonce), nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &more, in(associated), length(associated)) != 1 ||
      EVP_EncryptUpdate(context.get(), out(sealed.bytes), &count, in(bytes), length(bytes)) != 1 ||
      EVP_EncryptFinal_ex(context.get(), out(sealed.bytes) + count, &more) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, out(sealed.tag)) != 1) {
    return no_cipher("encrypt with AES-256-GCM");
  }
  return sealed;
}

std::optional<Secret> open_gcm(const Secret& key, std::string_view associated, const SealedBytes& sealed) {
  CHECK(key.reveal().size() == kCipherKeyBytes && sealed.nonce.size() == kNonceBytes && sealed.tag.size() == kTagBytes);
  std::string bytes(sealed.bytes.size(), '\0');
  std::string tag = sealed.tag;
  CipherContext context(EVP_CIPHER_CTX_new());
  int count = 0;
  int more = 0;
  bool is_open =
      context != nullptr &&
      EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), in(key.reveal()), in(sealed.nonce), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &more, in(associated), length(associated)) == 1 &&
      EVP_DecryptUpdate(context.get(), out(bytes), &count, in(sealed.bytes), length(sealed.bytes)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, out(tag)) == 1 &&
      EVP_DecryptFinal_ex(context.get(), out(bytes) + count, &more) == 1;
  Secret opened(std::move(bytes));
  if (!is_open) return std::nullopt;
  return opened;
}

std::optional<Secret> open_cbc(std::string_view passphrase, const SaltedBytes& salted) {
  CHECK(salted.salt.size() == kSaltBytes && salted.iv.size() == kIvBytes);
  KeyAndIv derived;
  // OpenSSL needs space for one more block.
  std::string bytes(salted.bytes.size() + kIvBytes, '\0');
  CipherContext context(EVP_CIPHER_CTX_new());
  int count = 0;
  int more = 0;
  bool is_open =
      context != nullptr &&
      EVP_BytesToKey(EVP_aes_256_cbc(), EVP_md5(), in(salted.salt), in(passphrase), length(passphrase), 1,
                     derived.key.data(), derived.iv.data()) == static_cast<int>(kCipherKeyBytes) &&
      CRYPTO_memcmp(derived.iv.data(), salted.iv.data(), kIvBytes) == 0 &&
      EVP_DecryptInit_ex2(context.get(), EVP_aes_256_cbc(), derived.key.data(), derived.iv.data(), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), out(bytes), &count, in(salted.bytes), length(salted.bytes)) == 1 &&
      EVP_DecryptFinal_ex(context.get(), out(bytes) + count, &more) == 1;
  // This stays within the capacity, so nothing is reallocated and no copy remains.
  bytes.resize(is_open ? static_cast<std::size_t>(count + more) : 0);
  Secret opened(std::move(bytes));
  if (!is_open) return std::nullopt;
  return opened;
}

}  // namespace quern::credentials
