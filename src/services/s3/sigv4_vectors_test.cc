#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "services/s3/signer.h"

// AWS's test suite for Signature Version 4, in the form of its common runtime for C: one folder per case. It is not
// part of this repository; the tests are skipped if it is not next to it.

namespace quern::s3 {
namespace {

namespace fs = std::filesystem;

fs::path vectors_folder() {
  const char* source = std::getenv("QUERN_SOURCE_DIR");
  return fs::path(source == nullptr ? "." : source) / ".." / "shared" / "data" / "sigv4";
}

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Parses request.txt: a request line, headers whose values may continue on lines that begin with a space, an empty
// line, a body.
http::Request parse_request(const std::string& text) {
  http::Request request;
  std::size_t head_end = std::min(text.find("\n\n"), text.size());
  std::string head = text.substr(0, head_end);
  if (head_end < text.size()) request.body = text.substr(head_end + 2);
  std::string target;
  for (std::size_t begin = 0, number = 0; begin < head.size(); ++number) {
    std::size_t end = std::min(head.find('\n', begin), head.size());
    std::string line = head.substr(begin, end - begin);
    begin = end + 1;
    if (number == 0) {
      request.method = line.substr(0, line.find(' '));
      target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
    } else if (line.starts_with(' ')) {
      request.headers.back().value += "\n" + line;
    } else {
      request.headers.push_back({.name = line.substr(0, line.find(':')), .value = line.substr(line.find(':') + 1)});
    }
  }
  request.url = "https://example.amazonaws.com" + target;
  return request;
}

struct Case {
  SigningOptions options;
  AwsCredentials credentials;
  UtcTime time;
  std::chrono::seconds lifetime;
};

Case parse_context(const std::string& text) {
  auto context = nlohmann::json::parse(text);
  bool normalises = context.at("normalize").get<bool>();
  const auto& own = context.at("credentials");
  return {.options = {.service = context.at("service"),
                      .region = context.at("region"),
                      .path = {.normalises = normalises, .encodes = true},
                      .sends_payload_hash = context.at("sign_body").get<bool>(),
                      .signs_session_token = !context.value("omit_session_token", false)},
          .credentials = {.access_key_id = own.at("access_key_id"),
                          .secret_access_key = Secret(own.at("secret_access_key").get<std::string>()),
                          .session_token = Secret(own.value("token", ""))},
          .time = parse_utc(context.at("timestamp").get<std::string>()).value(),
          .lifetime = std::chrono::seconds(context.at("expiration_in_seconds").get<int>())};
}

std::string authorization_of(const std::string& signed_request) {
  std::size_t begin = signed_request.find("Authorization:") + 14;
  return signed_request.substr(begin, signed_request.find('\n', begin) - begin);
}

void check_case(const fs::path& folder) {
  http::Request request = parse_request(read(folder / "request.txt"));
  Case own = parse_context(read(folder / "context.json"));
  SigV4 signature(own.options);
  auto url = signature.presign(request, own.credentials, own.time, own.lifetime, Payload::kHashed);
  ASSERT_TRUE(url.ok()) << url.error().message;
  EXPECT_EQ(url.value().substr(url.value().rfind('=') + 1), read(folder / "query-signature.txt"));

  auto is_signed = signature.sign(request, own.credentials, own.time);
  ASSERT_TRUE(is_signed.ok()) << is_signed.error().message;
  EXPECT_EQ(request.headers.back().value, authorization_of(read(folder / "header-signed-request.txt")));
  EXPECT_TRUE(request.headers.back().value.ends_with(read(folder / "header-signature.txt")));
}

TEST(SigV4, SignsEveryCaseOfTheTestSuiteOfAws) {
  if (!fs::is_directory(vectors_folder())) {
    GTEST_SKIP() << "AWS's test suite is not at " << vectors_folder()
                 << "; only the cases of its documentation were run";
  }
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(vectors_folder())) {
    if (!fs::exists(entry.path() / "context.json")) continue;
    SCOPED_TRACE(entry.path().filename());
    check_case(entry.path());
    ++count;
  }
  EXPECT_GT(count, 30U);
}

}  // namespace
}  // namespace quern::s3
