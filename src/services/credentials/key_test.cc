#include "services/credentials/key.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "services/credentials/keys_for_test.h"

namespace quern::credentials {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// A key that quern would not make, as PEM; protected if there is a passphrase.
std::string other_pem(EVP_PKEY* key, const char* passphrase = nullptr) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, passphrase == nullptr ? nullptr : EVP_aes_256_cbc(), passphrase,
                                passphrase == nullptr ? 0 : 4, nullptr, nullptr);
  char* bytes = nullptr;
  auto size = BIO_get_mem_data(bio, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return pem;
}

std::string error_of_pem(const std::string& pem) {
  auto key = PrivateKey::from_pem(Secret(std::string(pem)), "k.pem");
  return key.ok() ? "" : key.error().message;
}

TEST(Key, WrapsAndUnwraps) {
  PublicKey key = public_part(key_for_test());
  Secret secret(std::string("\0some bytes", 11));
  for (OaepHash hash : {OaepHash::kSha1, OaepHash::kSha256}) {
    std::string wrapped = key.wrap(secret, hash).value();
    EXPECT_EQ(wrapped.size(), 384U);
    EXPECT_NE(wrapped, key.wrap(secret, hash).value());
    auto unwrapped = key_for_test().unwrap(wrapped, hash);
    ASSERT_TRUE(unwrapped.has_value());
    EXPECT_EQ(unwrapped->reveal(), secret.reveal());
    EXPECT_FALSE(other_key_for_test().unwrap(wrapped, hash).has_value());
    EXPECT_FALSE(
        key_for_test().unwrap(wrapped, hash == OaepHash::kSha1 ? OaepHash::kSha256 : OaepHash::kSha1).has_value());
    wrapped.back() = static_cast<char>(wrapped.back() ^ 1);
    EXPECT_FALSE(key_for_test().unwrap(wrapped, hash).has_value());
    EXPECT_FALSE(key_for_test().unwrap(wrapped.substr(1), hash).has_value());
    EXPECT_FALSE(key_for_test().unwrap("", hash).has_value());
  }
  EXPECT_FALSE(key.wrap(Secret(std::string(400, 'x')), OaepHash::kSha256).ok());
}

TEST(Key, KeepsItsIdThroughItsTexts) {
  const PrivateKey& key = key_for_test();
  EXPECT_THAT(key.id(), MatchesRegex("[0-9a-f]{16}"));
  EXPECT_NE(key.id(), other_key_for_test().id());
  EXPECT_EQ(public_part(key).id(), key.id());
  EXPECT_EQ(PrivateKey::from_pem(key.pem().value(), "k").value().id(), key.id());
  EXPECT_EQ(PublicKey::from_pem(key.pem().value(), "k").value().id(), key.id());
  EXPECT_THAT(std::string(key.pem().value().reveal()), HasSubstr("-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_THAT(key.public_pem().value(), HasSubstr("-----BEGIN PUBLIC KEY-----\n"));
}

TEST(Key, SaysWhyAKeyIsNone) {
  EXPECT_EQ(error_of_pem(""), "k.pem: it holds no private key in PEM");
  EXPECT_EQ(error_of_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "k.pem: it holds no private key in PEM");
  EXPECT_EQ(error_of_pem(key_for_test().public_pem().value()), "k.pem: it holds no private key in PEM");
  EXPECT_EQ(error_of_pem(other_pem(EVP_EC_gen("P-256"))),
            "k.pem: it is not an RSA key; make one with: quern credentials keygen");
  EXPECT_EQ(
      error_of_pem(other_pem(EVP_RSA_gen(1024))),
      "k.pem: it is an RSA key of 1024 bits, and quern takes 2048 to 8192; make one with: quern credentials keygen");
  EXPECT_EQ(error_of_pem(other_pem(EVP_RSA_gen(2048), "word")),
            "k.pem: it is protected by a passphrase, which quern cannot ask for; take that off with: openssl pkey");
  EXPECT_EQ(error_of_pem(other_pem(EVP_RSA_gen(2048))), "");
  auto none = PublicKey::from_pem(Secret(std::string("x")), "p.pem");
  EXPECT_EQ(none.error().message, "p.pem: it holds no public or private key in PEM");
}

class KeyFile : public ::testing::Test {
 protected:
  KeyFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "quern-keys-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~KeyFile() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) { return (folder_ / name).string(); }
  EnvironmentLookup environment() {
    return [this](const char* name) {
      return std::string_view(name) == "QUERN_KEY_FILE" && !variable_.empty() ? variable_.c_str() : nullptr;
    };
  }
  Result<LoadedKey> load(const std::string& named) {
    return load_private_key(named, environment(), path("system.pem"));
  }
  static unsigned mode_of(const std::string& path) {
    struct stat status {};
    ::stat(path.c_str(), &status);
    return status.st_mode & 07777;
  }

  std::filesystem::path folder_;
  std::string variable_;
};

TEST_F(KeyFile, IsWrittenForItsOwnerAlone) {
  ::umask(0);
  KeyFiles files = write_key(key_for_test(), path("key.pem")).value();
  ::umask(022);
  EXPECT_EQ(files.private_path, path("key.pem"));
  EXPECT_EQ(files.public_path, path("key.pub.pem"));
  EXPECT_EQ(mode_of(files.private_path), 0600U);
  EXPECT_EQ(mode_of(files.public_path), 0644U);
  EXPECT_EQ(content(files.private_path), key_for_test().pem().value().reveal());
  EXPECT_EQ(load_public_key(files.public_path).value().id(), key_for_test().id());
  EXPECT_EQ(load(files.private_path).value().key.id(), key_for_test().id());
}

TEST_F(KeyFile, IsNeverOverwritten) {
  for (const char* taken : {"key.pem", "key.pub.pem"}) {
    std::ofstream(path(taken)) << "mine";
    auto written = write_key(key_for_test(), path("key.pem"));
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().kind, ErrorKind::kDenied);
    EXPECT_EQ(written.error().message,
              path(taken) + " is there already, and quern overwrites no key; name another file, or move it away");
    EXPECT_EQ(content(path(taken)), "mine");
    std::filesystem::remove(path(taken));
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
  }
  EXPECT_EQ(write_key(key_for_test(), path("no/key.pem")).error().kind, ErrorKind::kNotFound);
}

TEST_F(KeyFile, IsLookedForInOrder) {
  EXPECT_EQ(load("").error().message,
            "a private key was not found: --key was not given, QUERN_KEY_FILE is not set, and " + path("system.pem") +
                " does not exist; name one with --key FILE, or make one with: quern credentials keygen");
  EXPECT_EQ(load("").error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE(write_key(key_for_test(), path("system.pem")).ok());
  EXPECT_EQ(load("").value().path, path("system.pem"));
  ASSERT_TRUE(write_key(other_key_for_test(), path("variable.pem")).ok());
  variable_ = path("variable.pem");
  EXPECT_EQ(load("").value().path, path("variable.pem"));
  EXPECT_EQ(load(path("system.pem")).value().path, path("system.pem"));
}

TEST_F(KeyFile, DoesNotStandInForOneThatWasNamed) {
  ASSERT_TRUE(write_key(key_for_test(), path("system.pem")).ok());
  EXPECT_THAT(load(path("x.pem")).error().message, MatchesRegex("the private key of --key: .*x.pem: No such file.*"));
  variable_ = path("y.pem");
  EXPECT_THAT(load("").error().message, MatchesRegex("the private key of QUERN_KEY_FILE: .*y.pem: No such file.*"));
}

TEST_F(KeyFile, IsRefusedIfOthersMayReadIt) {
  ASSERT_TRUE(write_key(key_for_test(), path("a key.pem")).ok());
  for (unsigned mode : {0644U, 0604U, 0602U, 0620U, 0601U}) {
    std::filesystem::permissions(path("a key.pem"), static_cast<std::filesystem::perms>(mode));
    auto key = load(path("a key.pem"));
    ASSERT_FALSE(key.ok()) << mode;
    EXPECT_EQ(key.error().kind, ErrorKind::kDenied);
    EXPECT_THAT(key.error().message, HasSubstr("run: chmod 600 '" + path("a key.pem") + "'"));
  }
  for (unsigned mode : {0600U, 0400U, 0640U, 0440U}) {
    std::filesystem::permissions(path("a key.pem"), static_cast<std::filesystem::perms>(mode));
    EXPECT_TRUE(load(path("a key.pem")).ok()) << mode;
  }
}

TEST_F(KeyFile, IsNoFolderAndNoHugeFile) {
  EXPECT_FALSE(load(folder_.string()).ok());
  std::ofstream(path("huge.pem")) << std::string(100000, 'x');
  std::filesystem::permissions(path("huge.pem"), std::filesystem::perms::owner_read);
  EXPECT_EQ(load(path("huge.pem")).error().message, path("huge.pem") + " is longer than 65536 bytes");
  EXPECT_EQ(load_public_key(path("huge.pem")).error().message, path("huge.pem") + " is longer than 65536 bytes");
}

TEST(PublicPath, StandsBesideThePrivateOne) {
  EXPECT_EQ(public_path_of("a/key.pem"), "a/key.pub.pem");
  EXPECT_EQ(public_path_of("id_rsa"), "id_rsa.pub");
}

}  // namespace
}  // namespace quern::credentials
