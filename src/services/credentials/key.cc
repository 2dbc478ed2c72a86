#include "services/credentials/key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "base/text.h"
#include "model/limits.h"
#include "services/credentials/cipher.h"
#include "services/credentials/secret_text.h"

namespace quern::credentials {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext>;

Error bad_key(std::string_view name, std::string_view why) { return bad_input(fmt::format("{}: {}", name, why)); }

Error openssl_failed(const char* what) {
  return Error{.kind = ErrorKind::kInternal, .message = std::string("OpenSSL could not ") + what};
}

// OpenSSL would ask on the terminal. quern does not accept passphrases, so this only records that one is needed.
int note_passphrase(char* /*buffer*/, int /*size*/, int /*writes*/, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

// Returns null if `pem` is not of the kind that `read` reads.
template <typename Read>
KeyHandle read_pem(const Secret& pem, Read read, bool& was_asked) {
  Bio bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
  if (bio == nullptr) return nullptr;
  KeyHandle key(read(bio.get(), nullptr, note_passphrase, &was_asked));
  ERR_clear_error();
  return key;
}

Error no_key(std::string_view name, bool was_asked, std::string_view kind) {
  if (was_asked) {
    return bad_key(name,
                   "it is protected by a passphrase, which quern cannot ask for; take that off with: openssl pkey");
  }
  return bad_key(name, fmt::format("it holds no {} in PEM", kind));
}

Result<std::string> key_id(const KeyHandle& handle) {
  unsigned char* der = nullptr;
  int size = i2d_PUBKEY(handle.get(), &der);
  if (size <= 0) return openssl_failed("write a public key");
  const std::string digest = sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return hex_encode(std::string_view(digest).substr(0, kKeyIdDigits / 2));
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  auto size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

bool set_oaep(EVP_PKEY_CTX* context, OaepHash hash) {
  const EVP_MD* digest = hash == OaepHash::kSha1 ? EVP_sha1() : EVP_sha256();
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1;
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<PublicKey> PublicKey::from_handle(KeyHandle handle, std::string_view name) {
  if (EVP_PKEY_is_a(handle.get(), "RSA") != 1) {
    return bad_key(name, "it is not an RSA key; make one with: quern credentials keygen");
  }
  int bits = EVP_PKEY_get_bits(handle.get());
  if (bits < limits::kLeastKeyBits || bits > limits::kMostKeyBits) {
    return bad_key(name, fmt::format("it is an RSA key of {} bits, and quern takes {} to {}; make one with: quern "
                                     "credentials keygen",
                                     bits, limits::kLeastKeyBits, limits::kMostKeyBits));
  }
  TRY_ASSIGN(std::string id, key_id(handle));
  return PublicKey(std::move(handle), std::move(id));
}

Result<PublicKey> PublicKey::from_pem(const Secret& pem, std::string_view name) {
  bool was_asked = false;
  KeyHandle handle = read_pem(
      pem, [](auto... arguments) { return PEM_read_bio_PUBKEY(arguments...); }, was_asked);
  if (handle == nullptr) {
    handle = read_pem(
        pem, [](auto... arguments) { return PEM_read_bio_PrivateKey(arguments...); }, was_asked);
  }
  if (handle == nullptr) return no_key(name, was_asked, "public or private key");
  return from_handle(std::move(handle), name);
}

Result<std::string> PublicKey::pem() const {
  Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), handle_.get()) != 1) {
    return openssl_failed("write a public key");
  }
  return text_of(bio.get());
}

Result<std::string> PublicKey::wrap(const Secret& bytes, OaepHash hash) const {
  KeyContext context(EVP_PKEY_CTX_new(handle_.get(), nullptr));
  std::string wrapped(static_cast<std::size_t>(EVP_PKEY_get_size(handle_.get())), '\0');
  std::size_t size = wrapped.size();
  if (context == nullptr || EVP_PKEY_encrypt_init(context.get()) != 1 || !set_oaep(context.get(), hash) ||
      EVP_PKEY_encrypt(context.get(), out(wrapped), &size, in(bytes.reveal()), bytes.reveal().size()) != 1) {
    ERR_clear_error();
    return openssl_failed("encrypt with an RSA key");
  }
  wrapped.resize(size);
  return wrapped;
}

Result<PrivateKey> PrivateKey::generate() {
  KeyHandle handle(EVP_RSA_gen(limits::kNewKeyBits));
  if (handle == nullptr) return openssl_failed("make an RSA key");
  TRY_ASSIGN(PublicKey key, PublicKey::from_handle(std::move(handle), "the new key"));
  return PrivateKey(std::move(key));
}

Result<PrivateKey> PrivateKey::from_pem(const Secret& pem, std::string_view name) {
  bool was_asked = false;
  KeyHandle handle = read_pem(
      pem, [](auto... arguments) { return PEM_read_bio_PrivateKey(arguments...); }, was_asked);
  if (handle == nullptr) return no_key(name, was_asked, "private key");
  TRY_ASSIGN(PublicKey key, PublicKey::from_handle(std::move(handle), name));
  return PrivateKey(std::move(key));
}

Result<Secret> PrivateKey::pem() const {
  // OpenSSL wipes the buffer of this kind of BIO when it is freed.
  Bio bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.handle_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_failed("write a private key");
  }
  return Secret(text_of(bio.get()));
}

std::optional<Secret> PrivateKey::unwrap(std::string_view wrapped, OaepHash hash) const {
  evp_pkey_st* key = key_.handle_.get();
  KeyContext context(EVP_PKEY_CTX_new(key, nullptr));
  std::string bytes(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = bytes.size();
  bool is_open = context != nullptr && EVP_PKEY_decrypt_init(context.get()) == 1 && set_oaep(context.get(), hash) &&
                 EVP_PKEY_decrypt(context.get(), out(bytes), &size, in(wrapped), wrapped.size()) == 1;
  ERR_clear_error();
  bytes.resize(is_open ? size : 0);
  Secret unwrapped(std::move(bytes));
  if (!is_open) return std::nullopt;
  return unwrapped;
}

PublicKey PrivateKey::public_key() && { return std::move(key_); }

namespace {

Result<NewFile> create_key_file(const std::string& path, unsigned mode) {
  auto file = NewFile::create(path, mode);
  if (file.ok() || file.error().code != EEXIST) return file;
  return Error{.kind = ErrorKind::kDenied,
               .message = path + " is there already, and quern overwrites no key; name another file, or move it away",
               .code = EEXIST};
}

Result<void> check_mode(const Fd& fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd.number(), &status) != 0) return os_error("looking at " + path, errno);
  if (S_ISDIR(status.st_mode)) return os_error("reading the key " + path, EISDIR);
  // A pipe, such as <(command), is private to this process.
  if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IRWXO | S_IWGRP)) == 0) return {};
  return Error{
      .kind = ErrorKind::kDenied,
      .message = fmt::format("the private key {} is open to others (its mode is {:04o}), so it may be known or "
                             "changed; run: chmod 600 {}",
                             path, status.st_mode & 07777, shell_word(path))};
}

// Returns the path of the file with the private key.
Result<std::string> find_private_key(const std::string& named, const EnvironmentLookup& environment,
                                     const std::string& system) {
  if (!named.empty()) return named;
  const char* from_environment = environment("QUERN_KEY_FILE");
  if (from_environment != nullptr && *from_environment != '\0') return std::string(from_environment);
  if (::access(system.c_str(), F_OK) == 0) return system;
  return Error{
      .kind = ErrorKind::kNotFound,
      .message = fmt::format("a private key was not found: --key was not given, QUERN_KEY_FILE is not set, and {} "
                             "does not exist; name one with --key FILE, or make one with: quern credentials "
                             "keygen",
                             system),
      .code = ENOENT};
}

// Explains in messages where the file's path comes from.
std::string origin(const std::string& path, const std::string& named, const std::string& system) {
  if (!named.empty()) return "--key";
  return path == system ? "the system's key" : "QUERN_KEY_FILE";
}

}  // namespace

std::string public_path_of(const std::string& private_path) {
  constexpr std::string_view kEnding = ".pem";
  if (!private_path.ends_with(kEnding)) return private_path + ".pub";
  return private_path.substr(0, private_path.size() - kEnding.size()) + ".pub.pem";
}

Result<KeyFiles> write_key(const PrivateKey& key, const std::string& private_path) {
  KeyFiles files{.private_path = private_path, .public_path = public_path_of(private_path)};
  TRY_ASSIGN(Secret private_pem, key.pem());
  TRY_ASSIGN(std::string public_pem, key.public_pem());
  TRY_ASSIGN(NewFile private_file, create_key_file(files.private_path, 0600));
  TRY_ASSIGN(NewFile public_file, create_key_file(files.public_path, 0644));
  TRY(private_file.write(private_pem.reveal()));
  TRY(public_file.write(public_pem));
  private_file.keep();
  public_file.keep();
  return files;
}

Result<LoadedKey> load_private_key(const std::string& named, const EnvironmentLookup& environment,
                                   const std::string& system) {
  TRY_ASSIGN(std::string path, find_private_key(named, environment, system));
  auto fd = open_file(path, O_RDONLY);
  if (!fd.ok()) return std::move(fd).error().with_context("the private key of " + origin(path, named, system));
  TRY(check_mode(fd.value(), path));
  TRY_ASSIGN(Secret pem, read_secret(fd.value(), limits::kMaxKeyFileBytes, path));
  TRY_ASSIGN(PrivateKey key, PrivateKey::from_pem(pem, path));
  return LoadedKey{.key = std::move(key), .path = std::move(path)};
}

Result<PublicKey> load_public_key(const std::string& path) {
  TRY_ASSIGN(Fd fd, open_file(path, O_RDONLY));
  TRY_ASSIGN(Secret pem, read_secret(fd, limits::kMaxKeyFileBytes, path));
  return PublicKey::from_pem(pem, path);
}

}  // namespace quern::credentials
