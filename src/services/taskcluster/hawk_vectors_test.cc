#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "services/taskcluster/client_credentials.h"
#include "services/taskcluster/hawk.h"

// Vectors generated with Taskcluster's own code. They are not part of this repository; the tests are skipped if they
// are not next to it.

namespace quern::taskcluster {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson vectors(const std::string& name) {
  const char* source = std::getenv("QUERN_SOURCE_DIR");
  auto folder = std::filesystem::path(source == nullptr ? "." : source) / ".." / "shared" / "schemas" / "test-vectors";
  std::ifstream file(folder / name);
  if (!file) return {};
  return OrderedJson::parse(file);
}

UtcTime milliseconds(const OrderedJson& json) { return UtcTime(std::chrono::milliseconds(json.get<std::int64_t>())); }

std::string text_or_none(const OrderedJson& json, const char* name) { return json.value(name, std::string()); }

Credentials credentials_of(const OrderedJson& vector) {
  std::string certificate = vector.contains("certificate") ? vector["certificate"].dump(2) : "";
  Credentials made =
      make_credentials(vector["clientId"], Secret(vector["accessToken"].get<std::string>()), certificate).value();
  if (vector.contains("extJson") && vector["extJson"].contains("authorizedScopes")) {
    made.authorized_scopes = vector["extJson"]["authorizedScopes"].get<std::vector<std::string>>();
  }
  return made;
}

void check_header(const OrderedJson& vector) {
  Credentials credentials = credentials_of(vector);
  std::string ext = extension_of(credentials);
  EXPECT_EQ(ext, text_or_none(vector, "ext"));
  std::string method = vector["method"];
  std::string url = "https://" + vector["host"].get<std::string>() + vector["resource"].get<std::string>();
  std::string nonce = vector["nonce"];
  std::string hash;
  if (vector.contains("hash"))
    hash = hawk_payload_hash(text_or_none(vector, "contentType"), text_or_none(vector, "body"));
  EXPECT_EQ(hash, text_or_none(vector, "hash"));
  auto header = hawk_header({.client_id = credentials.client_id,
                             .access_token = credentials.access_token.reveal(),
                             .method = method,
                             .url = url,
                             .time = UtcTime(std::chrono::seconds(vector["ts"].get<std::int64_t>())),
                             .nonce = nonce,
                             .hash = hash,
                             .ext = ext});
  ASSERT_TRUE(header.ok()) << header.error().message;
  EXPECT_EQ(header.value(), text_or_none(vector, "authorization"));
}

void check_bewit(const OrderedJson& vector) {
  Credentials credentials = credentials_of(vector);
  std::string url = "https://" + vector["host"].get<std::string>() + vector["resource"].get<std::string>();
  UtcTime end(std::chrono::seconds(vector["exp"].get<std::int64_t>()));
  auto made = signed_url(credentials, url, end - std::chrono::minutes(15), std::chrono::minutes(15));
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made.value(), text_or_none(vector, "signedUrl"));
}

TEST(HawkVectors, AreReproduced) {
  OrderedJson file = vectors("hawk-vectors.json");
  if (file.is_null()) GTEST_SKIP() << "the vectors are not beside the sources";
  ASSERT_EQ(file["vectors"].size(), 6U);
  for (const OrderedJson& vector : file["vectors"]) {
    SCOPED_TRACE(text_or_none(vector, "name"));
    if (vector.contains("bewit")) {
      check_bewit(vector);
    } else {
      check_header(vector);
    }
  }
}

TEST(HawkVectors, SignatureOfACertificateIsReproduced) {
  OrderedJson file = vectors("hawk-vectors.json");
  if (file.is_null()) GTEST_SKIP() << "the vectors are not beside the sources";
  for (const OrderedJson& vector : file["vectors"]) {
    if (!vector.contains("certificateSignatureInput")) continue;
    Certificate certificate = parse_certificate(vector["certificate"].dump()).value();
    EXPECT_EQ(text_to_sign(certificate, text_or_none(vector, "clientId")),
              text_or_none(vector, "certificateSignatureInput"));
  }
}

TEST(TemporaryCredentialVectors, AreReproduced) {
  OrderedJson file = vectors("temporary-credentials.client-go-testcases.json");
  if (file.is_null()) GTEST_SKIP() << "the vectors are not beside the sources";
  ASSERT_EQ(file.size(), 4U);
  for (const OrderedJson& vector : file) {
    SCOPED_TRACE(text_or_none(vector, "description"));
    const OrderedJson& expected = vector["expectedTempCreds"];
    OrderedJson certificate = OrderedJson::parse(expected["certificate"].get<std::string>());
    Credentials issuer = make_credentials(vector["permCreds"]["clientId"],
                                          Secret(vector["permCreds"]["accessToken"].get<std::string>()), "")
                             .value();
    auto made = make_temporary(issuer,
                               {.client_id = text_or_none(vector, "tempCredsName"),
                                .scopes = vector["tempCredsScopes"].get<std::vector<std::string>>(),
                                .start = milliseconds(certificate["start"]),
                                .expiry = milliseconds(certificate["expiry"]),
                                .seed = vector["seed"]},
                               system_random);
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made.value().client_id, text_or_none(expected, "clientId"));
    EXPECT_EQ(made.value().access_token.reveal(), text_or_none(expected, "accessToken"));
    EXPECT_EQ(made.value().certificate, text_or_none(expected, "certificate"));
  }
}

}  // namespace
}  // namespace quern::taskcluster
