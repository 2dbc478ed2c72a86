#include "services/taskcluster/client_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>

#include "services/taskcluster/hawk.h"

namespace quern::taskcluster {
namespace {

using testing::HasSubstr;
using testing::Not;
using Environment = std::map<std::string, std::string>;

const std::string kCertificate =
    R"({"version":1,"scopes":["a","b:*"],"start":1438964811744,"expiry":1439051211744,)"
    R"("seed":"JYR4wzMCTG6XeDS2cDUCMwH0RFUXGfQjK7LgqD-e6lSQ","signature":"45AlB/hKZZZz4Tf3NaidutasfgBnr4t2AxwBiGDQF9Q="})";

Result<Access> access_in(const Environment& environment) {
  return access_of([&](const char* name) -> const char* {
    auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

Credentials permanent(const std::string& client_id = "tester") {
  return make_credentials(client_id, Secret(std::string("no-secret")), "").value();
}

TEST(Access, IsNobodysWithoutCredentials) {
  Access access =
      access_in({{"TASKCLUSTER_ROOT_URL", "https://tc.example.com/"}, {"TASKCLUSTER_CLIENT_ID", ""}}).value();
  EXPECT_EQ(access.root_url, "https://tc.example.com");
  EXPECT_EQ(access.api_root_url, "https://tc.example.com");
  EXPECT_FALSE(access.is_proxy);
  EXPECT_FALSE(access.credentials.has_value());
}

TEST(Access, TakesCredentialsWithTheirCertificate) {
  Access access = access_in({{"TASKCLUSTER_ROOT_URL", "https://tc.example.com"},
                             {"TASKCLUSTER_CLIENT_ID", "mozilla-auth0/ad|x/y+z@example.com"},
                             {"TASKCLUSTER_ACCESS_TOKEN", "token"},
                             {"TASKCLUSTER_CERTIFICATE", kCertificate}})
                      .value();
  ASSERT_TRUE(access.credentials.has_value());
  EXPECT_EQ(access.credentials->client_id, "mozilla-auth0/ad|x/y+z@example.com");
  EXPECT_EQ(access.credentials->access_token.reveal(), "token");
  EXPECT_EQ(access.credentials->certificate, kCertificate);
  EXPECT_EQ(format_utc(access.credentials->expires.value()), "2015-08-08T16:26:51Z");
}

TEST(Access, GoesThroughTheProxyOfATaskUnsigned) {
  Access access = access_in({{"TASKCLUSTER_ROOT_URL", "https://tc.example.com"},
                             {"TASKCLUSTER_PROXY_URL", "http://172.18.0.1:8081"},
                             {"TASKCLUSTER_CLIENT_ID", "x"},
                             {"TASKCLUSTER_ACCESS_TOKEN", "y"}})
                      .value();
  EXPECT_EQ(access.root_url, "https://tc.example.com");
  EXPECT_EQ(access.api_root_url, "http://172.18.0.1:8081");
  EXPECT_TRUE(access.is_proxy);
  EXPECT_EQ(access.patience.count(), 0);
  EXPECT_FALSE(access.credentials.has_value());
}

TEST(Access, NamesTheVariableThatIsWrongAndNoValue) {
  struct Row {
    const char* name;
    Environment changed;
    const char* part;
  };
  const std::vector<Row> rows = {
      {"no root", {{"TASKCLUSTER_ROOT_URL", ""}}, "TASKCLUSTER_ROOT_URL is not set"},
      {"root with path", {{"TASKCLUSTER_ROOT_URL", "https://tc/x"}}, "TASKCLUSTER_ROOT_URL: "},
      {"proxy", {{"TASKCLUSTER_PROXY_URL", "taskcluster"}}, "TASKCLUSTER_PROXY_URL: "},
      {"no id", {{"TASKCLUSTER_CLIENT_ID", ""}}, "TASKCLUSTER_CLIENT_ID is not; set both"},
      {"no token", {{"TASKCLUSTER_ACCESS_TOKEN", ""}}, "TASKCLUSTER_ACCESS_TOKEN is not; set both"},
      {"id with quote", {{"TASKCLUSTER_CLIENT_ID", "hid\"den"}}, "the client id"},
      {"token with line end", {{"TASKCLUSTER_ACCESS_TOKEN", "hidden\n"}}, "the access token"},
      {"certificate", {{"TASKCLUSTER_CERTIFICATE", "{\"hidden\":1}"}}, "the certificate is not of version 1"}};
  for (const Row& row : rows) {
    Environment environment = {{"TASKCLUSTER_ROOT_URL", "https://tc.example.com"},
                               {"TASKCLUSTER_CLIENT_ID", "hidden"},
                               {"TASKCLUSTER_ACCESS_TOKEN", "hidden"}};
    for (const auto& [name, value] : row.changed) environment[name] = value;
    auto access = access_in(environment);
    ASSERT_FALSE(access.ok()) << row.name;
    EXPECT_EQ(access.error().kind, ErrorKind::kBadConfig) << row.name;
    EXPECT_THAT(access.error().message, HasSubstr(row.part)) << row.name;
    EXPECT_THAT(access.error().message, Not(HasSubstr("hid"))) << row.name;
  }
}

TEST(Certificate, IsRefusedWithWhatIsWrong) {
  auto with = [](std::string_view from, std::string_view to) {
    std::string text = kCertificate;
    return text.replace(text.find(from), from.size(), to);
  };
  struct Row {
    const char* name;
    std::string text;
    const char* message;
  };
  const std::vector<Row> rows = {
      {"no JSON", "{", "the certificate is not a JSON object"},
      {"an array", "[]", "the certificate is not a JSON object"},
      {"version", with(":1,", ":2,"), "the certificate is not of version 1"},
      {"no scopes", with("scopes", "scope"), "the certificate has no scopes"},
      {"scope", with("\"a\"", "7"), "the certificate has a scope that is not a string"},
      {"start", with("1438964811744", "\"x\""), "the certificate has no valid start"},
      {"expiry", with("1439051211744", "99999999999999999"), "the certificate has no valid expiry"},
      {"negative", with("1439051211744", "-1"), "the certificate has no valid expiry"},
      {"seed", with("seed", "need"), "the certificate has no seed"},
      {"signature", with("signature", "sign"), "the certificate has no signature"},
      {"issuer", with("{", "{\"issuer\":1,"), "the certificate has no issuer"},
      {"long", kCertificate + std::string(5000, ' '), "the certificate is longer than any that Taskcluster takes"}};
  for (const Row& row : rows) {
    auto certificate = parse_certificate(row.text);
    ASSERT_FALSE(certificate.ok()) << row.name;
    EXPECT_EQ(certificate.error().message, row.message) << row.name;
  }
}

TEST(Extension, SaysNothingOfPermanentCredentialsWithoutRestriction) {
  Credentials credentials = permanent();
  EXPECT_EQ(extension_of(credentials), "");
  credentials.authorized_scopes.emplace();
  EXPECT_EQ(extension_of(credentials), "eyJhdXRob3JpemVkU2NvcGVzIjpbXX0=");  // {"authorizedScopes":[]}
}

TEST(TemporaryCredentials, AreSignedByTheirIssuer) {
  UtcTime start(std::chrono::seconds(1000));
  auto made = make_temporary(
      permanent(), {.client_id = "mine", .scopes = {"a"}, .start = start, .expiry = start + std::chrono::hours(1)},
      system_random);
  ASSERT_TRUE(made.ok()) << made.error().message;
  Certificate certificate = parse_certificate(made.value().certificate).value();
  EXPECT_EQ(made.value().client_id, "mine");
  EXPECT_EQ(certificate.issuer, "tester");
  EXPECT_EQ(certificate.seed.size(), 44U);
  EXPECT_TRUE(is_slugid(certificate.seed.substr(0, 22)) && is_slugid(certificate.seed.substr(22)));
  EXPECT_EQ(certificate.expiry, start + std::chrono::hours(1));
}

TEST(TemporaryCredentials, AreRefusedWhereTaskclusterWouldRefuseThem) {
  UtcTime start(std::chrono::seconds(1000));
  auto issuer = permanent();
  auto temporary = make_credentials("tester", Secret(std::string("no-secret")), kCertificate).value();
  auto days = [](int number) { return std::chrono::hours(24 * number); };
  EXPECT_FALSE(make_temporary(temporary, {.start = start, .expiry = start + days(1)}, system_random).ok());
  EXPECT_FALSE(make_temporary(issuer, {.start = start, .expiry = start}, system_random).ok());
  EXPECT_FALSE(make_temporary(issuer, {.start = start, .expiry = start + days(32)}, system_random).ok());
  EXPECT_TRUE(make_temporary(issuer, {.start = start, .expiry = start + days(31)}, system_random).ok());
  EXPECT_FALSE(
      make_temporary(issuer, {.client_id = "tester", .start = start, .expiry = start + days(1)}, system_random).ok());
}

}  // namespace
}  // namespace quern::taskcluster
