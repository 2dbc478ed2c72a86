#include "services/credentials/envelope.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/fd.h"
#include "base/utc_time.h"
#include "model/limits.h"
#include "services/credentials/keys_for_test.h"

namespace quern::credentials {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kUnicode =
    "s\xc3\xa9"
    "cret/\xe2\x82\xac+\xf0\x9f\x94\x91\"\\=";

AwsCredentials credentials(const std::string& key = "hidden/key+1=", const std::string& token = "hidden-token") {
  AwsCredentials one;
  one.access_key_id = "ASIAEXAMPLE";
  one.secret_access_key = Secret(std::string(key));
  one.session_token = Secret(std::string(token));
  one.region = "us-west-2";
  one.source = "a test";
  return one;
}

std::string sealed(const AwsCredentials& one = credentials()) { return seal(one, public_part(key_for_test())).value(); }

// As node-cryptojs-aes and node's publicEncrypt produce it (docs/formats/envelope.md has values from them).
std::string sealed_2014(const std::string& json, std::size_t passphrase_bytes = 128) {
  Secret bytes(std::string(passphrase_bytes, '\x5a'));
  const std::string passphrase = base64_encode(bytes.reveal());
  const std::string salt = "saltsalt";
  std::array<unsigned char, 32> key{};
  std::array<unsigned char, 16> iv{};
  auto in = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  EVP_BytesToKey(EVP_aes_256_cbc(), EVP_md5(), in(salt), in(passphrase), static_cast<int>(passphrase.size()), 1,
                 key.data(), iv.data());
  std::string sealed(json.size() + 16, '\0');
  int count = 0;
  int more = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex2(context, EVP_aes_256_cbc(), key.data(), iv.data(), nullptr);
  auto* out = reinterpret_cast<unsigned char*>(sealed.data());
  EVP_EncryptUpdate(context, out, &count, in(json), static_cast<int>(json.size()));
  EVP_EncryptFinal_ex(context, out + count, &more);
  EVP_CIPHER_CTX_free(context);
  sealed.resize(static_cast<std::size_t>(count + more));
  Json inner = {{"ct", base64_encode(sealed)},
                {"iv", hex_encode({reinterpret_cast<const char*>(iv.data()), iv.size()})},
                {"s", hex_encode(salt)}};
  std::string wrapped = public_part(key_for_test()).wrap(bytes, OaepHash::kSha1).value();
  return base64_encode(Json{{"symmetricKey", base64_encode(wrapped)}, {"credentials", inner.dump()}}.dump());
}
constexpr const char* kJson2014 =
    R"({"accessKeyId":"AKIA2014","secretAccessKey":"hidden-key","sessionToken":"hidden-token","region":"us-west-2"})";

Json object_of(const std::string& value) { return Json::parse(*base64_decode(value)); }
std::string value_of(const Json& object) { return base64_encode(object.dump()); }

Error error_of(const std::string& value, const PrivateKey& key = key_for_test()) {
  auto opened = open(value, key, "CREDENTIALS");
  EXPECT_FALSE(opened.ok()) << "it opened";
  return opened.ok() ? Error{} : std::move(opened).error();
}

TEST(Envelope, OpensWhatItSealed) {
  AwsCredentials one = credentials(kUnicode);
  one.expires = parse_utc("2026-01-31T12:00:00Z");
  Opened opened = open(sealed(one), key_for_test(), "CREDENTIALS").value();
  EXPECT_EQ(opened.version, 2);
  EXPECT_EQ(opened.key_id, key_for_test().id());
  EXPECT_EQ(opened.credentials.access_key_id, "ASIAEXAMPLE");
  EXPECT_EQ(opened.credentials.secret_access_key.reveal(), kUnicode);
  EXPECT_EQ(opened.credentials.session_token.reveal(), "hidden-token");
  EXPECT_EQ(opened.credentials.region, "us-west-2");
  EXPECT_EQ(opened.credentials.expires, one.expires);
  EXPECT_EQ(opened.credentials.source, "CREDENTIALS");
}

TEST(Envelope, HoldsWhatIsShortAndWhatIsLong) {
  for (std::size_t size : {0, 1, 15, 16, 17, 1000, 30000}) {
    const std::string token(size, 't');
    Opened opened = open(sealed(credentials("k", token)), key_for_test(), "CREDENTIALS").value();
    EXPECT_EQ(opened.credentials.session_token.reveal(), token);
    EXPECT_FALSE(opened.credentials.expires.has_value());
  }
  auto too_long = seal(credentials("k", std::string(limits::kMaxCredentialsBytes, 't')), public_part(key_for_test()));
  ASSERT_FALSE(too_long.ok());
  EXPECT_THAT(too_long.error().message, HasSubstr("and an envelope holds at most 32768"));
  // What fits when it is sealed must not be too long when it is opened, even with many quotes and the largest key.
  EXPECT_LT(sealed(credentials("k", std::string(16300, '"'))).size() + 1400, limits::kMaxEnvelopeBytes);
}

TEST(Envelope, IsAnotherEachTimeAndShowsNothing) {
  const std::string value = sealed();
  EXPECT_NE(value, sealed());
  for (const char* hidden : {"hidden", "ASIAEXAMPLE", "us-west-2"}) {
    EXPECT_THAT(value, Not(HasSubstr(hidden)));
    EXPECT_THAT(*base64_decode(value), Not(HasSubstr(hidden)));
  }
}

TEST(Envelope, MayHaveBlanksInIt) {
  std::string value = sealed();
  value.insert(76, "\r\n");
  EXPECT_TRUE(open(" " + value + "\n", key_for_test(), "CREDENTIALS").ok());
}

TEST(Envelope, NamesBothKeysIfItIsSealedToAnother) {
  Error error = error_of(sealed(), other_key_for_test());
  EXPECT_EQ(error.kind, ErrorKind::kDenied);
  EXPECT_EQ(error.message,
            "CREDENTIALS: it is sealed to the key " + key_for_test().id() + ", and this is the key " +
                other_key_for_test().id() +
                "; name the right one with --key or QUERN_KEY_FILE, or seal the credentials to this one");
}

TEST(Envelope, SaysTheSameOfEveryWayToChangeIt) {
  const std::string expected =
      "CREDENTIALS: the key " + key_for_test().id() +
      " does not open it: it is sealed to another key, or was changed or cut; name the right key with --key or "
      "QUERN_KEY_FILE, or seal the credentials anew";
  const Json object = object_of(sealed());
  for (const char* name : {"symmetricKey", "nonce", "credentials", "tag"}) {
    const std::string bytes = *base64_decode(object[name].get<std::string>());
    for (std::size_t at : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      Json other = object;
      other[name] = base64_encode(changed);
      Error error = error_of(value_of(other));
      EXPECT_EQ(error.message, expected) << name << " " << at;
      EXPECT_EQ(error.kind, ErrorKind::kDenied);
    }
  }
  for (const char* name : {"symmetricKey", "credentials"}) {
    Json other = object;
    // Not the first byte: without a zero there, a number does not change.
    const std::string bytes = *base64_decode(object[name].get<std::string>());
    other[name] = base64_encode(bytes.substr(0, bytes.size() - 1));
    EXPECT_EQ(error_of(value_of(other)).message, expected) << name;
  }
  // The key that a different envelope was sealed with.
  Json mixed = object;
  mixed["symmetricKey"] = object_of(sealed())["symmetricKey"];
  EXPECT_EQ(error_of(value_of(mixed)).message, expected);
  // A key of a length that AES does not have.
  mixed["symmetricKey"] =
      base64_encode(public_part(key_for_test()).wrap(Secret(std::string("short")), OaepHash::kSha256).value());
  EXPECT_EQ(error_of(value_of(mixed)).message, expected);
}

TEST(Envelope, IsNotOpenedWhereItsAssociatedDataDiffer) {
  // Sealed for another key and renamed: the tag covers the key id, and the wrapped key fails anyway.
  Json object = object_of(seal(credentials(), public_part(other_key_for_test())).value());
  object["keyId"] = key_for_test().id();
  EXPECT_THAT(error_of(value_of(object)).message, HasSubstr("does not open it"));
}

TEST(Envelope, SaysWhatIsNoEnvelope) {
  const std::string value = sealed();
  const Json object = object_of(value);
  auto with = [&](const char* name, const Json& member) {
    Json other = object;
    other[name] = member;
    return value_of(other);
  };
  Json without_tag = object;
  without_tag.erase("tag");
  struct Row {
    std::string value;
    std::string message;
  };
  const std::vector<Row> rows = {
      {"", "it is empty"},
      {" \n", "it is empty"},
      {std::string(limits::kMaxEnvelopeBytes + 1, 'A'), "it is longer than 65536 bytes, and no envelope is"},
      {kJson2014,
       "it is not sealed: it begins with { and not with base64; seal it with: quern credentials seal -, and "
       "replace credentials that were shown to others"},
      {value.substr(0, value.size() / 4 * 4 - 5),
       "it is not base64; was it copied whole, from its first to its last character?"},
      {"hidden!", "it is not base64; was it copied whole, from its first to its last character?"},
      {value.substr(0, 400),
       "it is base64 of something that is not a JSON object; was it copied whole, and made by quern "
       "credentials seal?"},
      {base64_encode("[]"),
       "it is base64 of something that is not a JSON object; was it copied whole, and made by quern "
       "credentials seal?"},
      {base64_encode("{}"), "its JSON has no \"symmetricKey\""},
      {with("version", 3), "it is an envelope of a version 3 that this quern does not know; a newer quern may"},
      {with("version", "2"), "it is an envelope of a version that this quern does not know; a newer quern may"},
      {with("version", nullptr), "it is an envelope of a version that this quern does not know; a newer quern may"},
      {value_of(without_tag), "its JSON has no \"tag\""},
      {with("tag", "AAAA"), "the \"tag\" in its JSON has 3 bytes"},
      {with("tag", 1), "the \"tag\" in its JSON is not a string"},
      {with("nonce", "!"), "the \"nonce\" in its JSON is not base64"},
      {with("nonce", ""), "the \"nonce\" in its JSON has 0 bytes"},
      {with("credentials", ""), "the \"credentials\" in its JSON has 0 bytes"},
      {with("keyId", "hidden"), "the \"keyId\" in its JSON is not 16 hexadecimal digits"},
  };
  for (const Row& row : rows) {
    Error error = error_of(row.value);
    EXPECT_EQ(error.message, "CREDENTIALS: " + row.message);
    EXPECT_EQ(error.kind, ErrorKind::kBadInput);
  }
}

TEST(Envelope, SaysWhatIsSealedButNoCredentials) {
  AwsCredentials none;
  EXPECT_FALSE(seal(none, public_part(key_for_test())).ok());
  auto bad = seal(credentials("hidden\n"), public_part(key_for_test()));
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message, StartsWith("the secret access key in the credentials of a test"));
}

TEST(Envelope2014, IsOpened) {
  Opened opened = open(sealed_2014(kJson2014), key_for_test(), "CREDENTIALS").value();
  EXPECT_EQ(opened.version, kVersion2014);
  EXPECT_EQ(opened.key_id, key_for_test().id());
  EXPECT_EQ(opened.credentials.access_key_id, "AKIA2014");
  EXPECT_EQ(opened.credentials.secret_access_key.reveal(), "hidden-key");
  EXPECT_EQ(opened.credentials.session_token.reveal(), "hidden-token");
  EXPECT_EQ(opened.credentials.region, "us-west-2");
}

TEST(Envelope2014, SaysTheSameOfEveryWayToChangeIt) {
  const std::string expected =
      "CREDENTIALS: the key " + key_for_test().id() +
      " does not open it: it is sealed to another key, or was changed or cut; name the right key with --key or "
      "QUERN_KEY_FILE, or seal the credentials anew";
  const std::string value = sealed_2014(kJson2014);
  const Json object = object_of(value);
  const Json inner = Json::parse(object["credentials"].get<std::string>());
  auto with = [&](const char* name, const std::string& text) {
    Json changed = inner;
    changed[name] = text;
    Json other = object;
    other["credentials"] = changed.dump();
    return value_of(other);
  };
  const std::string bytes = *base64_decode(inner["ct"].get<std::string>());
  std::string last = bytes;
  last.back() = static_cast<char>(last.back() ^ 1);
  std::string first = bytes;
  first.front() = static_cast<char>(first.front() ^ 1);
  Json other_key = object;
  other_key["symmetricKey"] = base64_encode(std::string(384, '\1'));
  for (const std::string& changed :
       {with("ct", base64_encode(last)), with("ct", base64_encode(first)), with("ct", base64_encode(bytes.substr(16))),
        with("ct", base64_encode(bytes.substr(1))), with("s", "0000000000000000"),
        with("iv", "00000000000000000000000000000000"), value_of(other_key), sealed_2014("{}"), sealed_2014("hidden"),
        sealed_2014(R"({"accessKeyId":"a"})"), sealed_2014(kJson2014, 32)}) {
    Error error = error_of(changed);
    EXPECT_EQ(error.message, expected);
    EXPECT_EQ(error.kind, ErrorKind::kDenied);
  }
  EXPECT_THAT(error_of(value, other_key_for_test()).message, HasSubstr("does not open it"));
}

TEST(Envelope2014, SaysWhatIsNoEnvelope) {
  struct Row {
    Json object;
    std::string message;
  };
  const std::vector<Row> rows = {
      {{{"symmetricKey", "AAAA"}}, "its JSON has no \"credentials\""},
      {{{"symmetricKey", "AAAA"}, {"credentials", {{"ct", ""}}}}, "the \"credentials\" in its JSON is not a string"},
      {{{"symmetricKey", "AAAA"}, {"credentials", "hidden"}},
       "the \"credentials\" in its JSON is not a JSON object itself"},
      {{{"symmetricKey", "AAAA"}, {"credentials", "{}"}}, "its JSON has no \"ct\""},
      {{{"symmetricKey", "AAAA"}, {"credentials", R"({"ct":"AAAA","iv":"00","s":"00"})"}},
       "the \"iv\" in its JSON has 1 bytes"},
      {{{"symmetricKey", "AAAA"}, {"credentials", R"({"ct":"AAAA","iv":"00112233445566778899aabbccddeeff","s":"g"})"}},
       "the \"s\" in its JSON is not a hexadecimal number"},
  };
  for (const Row& row : rows) {
    Error error = error_of(value_of(row.object));
    EXPECT_EQ(error.message, "CREDENTIALS: " + row.message);
    EXPECT_EQ(error.kind, ErrorKind::kBadInput);
  }
}

TEST(Credentials, AreReadFromWhatOthersPrint) {
  struct Row {
    const char* what;
    const char* json;
  };
  for (
      const Row& row :
      {Row{"ours",
           R"({"accessKeyId":"i","secretAccessKey":"k","sessionToken":"t","expiration":"2026-01-31T12:00:00Z"})"},
       Row{"a credential process",
           R"({"Version":1,"AccessKeyId":"i","SecretAccessKey":"k","SessionToken":"t","Expiration":"2026-01-31T12:00:00Z"})"},
       Row{"an instance's metadata",
           R"({"Code":"Success","AccessKeyId":"i","SecretAccessKey":"k","Token":"t","Expiration":"2026-01-31T12:00:00Z"})"},
       Row{"aws sts",
           R"({"Credentials":{"AccessKeyId":"i","SecretAccessKey":"k","SessionToken":"t","Expiration":"2026-01-31T13:00:00+01:00"},"PackedPolicySize":6})"}}) {
    auto read = parse_credentials(row.json, "standard input");
    ASSERT_TRUE(read.ok()) << row.what << ": " << read.error().message;
    EXPECT_EQ(read.value().access_key_id, "i");
    EXPECT_EQ(read.value().secret_access_key.reveal(), "k");
    EXPECT_EQ(read.value().session_token.reveal(), "t");
    EXPECT_EQ(format_utc(*read.value().expires), "2026-01-31T12:00:00Z");
    EXPECT_EQ(read.value().source, "standard input");
  }
}

TEST(Credentials, SayWhatIsMissing) {
  struct Row {
    const char* json;
    const char* message;
  };
  for (const Row& row : {Row{"hidden",
                             "standard input: it holds no JSON object with credentials, as in {\"accessKeyId\": ..., "
                             "\"secretAccessKey\": ..., \"sessionToken\": ..., \"region\": ...}"},
                         Row{"{}", "the credentials of standard input have no access key id"},
                         Row{R"({"accessKeyId":"i"})", "the credentials of standard input have no secret access key"},
                         Row{R"({"accessKeyId":"i","secretAccessKey":"hidden","expiration":"hidden"})",
                             "standard input: the expiration in it is not a time such as 2026-01-31T12:00:00Z"}}) {
    auto read = parse_credentials(row.json, "standard input");
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().message, row.message);
  }
}

// The blocks of the page that begin with this line, each without its indentation.
std::vector<std::string> blocks(const std::string& page, const std::string& first_line) {
  std::vector<std::string> found;
  std::string block;
  for (std::size_t at = 0; at < page.size();) {
    std::size_t end = std::min(page.find('\n', at), page.size());
    std::string line = page.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("    ")) {
      block += line.substr(4) + "\n";
      continue;
    }
    if (block.starts_with(first_line)) found.push_back(block);
    block.clear();
  }
  return found;
}

TEST(EnvelopePage, HasExamplesThatOpen) {
  const char* source = std::getenv("QUERN_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
  auto read = read_file(std::string(source) + "/docs/formats/envelope.md", limits::kMiB);
  ASSERT_TRUE(read.ok());
  const std::string page = std::move(read).value();
  auto keys = blocks(page, "-----BEGIN PRIVATE KEY-----");
  auto values = blocks(page, "eyJ");
  ASSERT_EQ(keys.size(), 1U);
  ASSERT_EQ(values.size(), 2U);
  PrivateKey key = PrivateKey::from_pem(Secret(std::move(keys[0])), "envelope.md").value();
  EXPECT_THAT(page, HasSubstr("`" + key.id() + "`"));
  for (int i : {0, 1}) {
    Opened opened = open(values[static_cast<std::size_t>(i)], key, "envelope.md").value();
    EXPECT_EQ(opened.version, i == 0 ? 2 : kVersion2014);
    EXPECT_EQ(opened.credentials.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    EXPECT_EQ(opened.credentials.secret_access_key.reveal(), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    EXPECT_EQ(opened.credentials.region, "us-west-2");
  }
}

}  // namespace
}  // namespace quern::credentials
