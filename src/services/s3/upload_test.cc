#include "services/s3/upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>

#include "fakes/fault_server.h"
#include "services/http/http.h"
#include "services/s3/answers_for_test.h"
#include "services/s3/fake_client_for_test.h"
#include "services/s3/xml.h"

// Tests uploads against tests/fakes/s3_server.py, which checks signatures and digests, and joins parts as S3 does.

namespace quern::s3 {
namespace {

using testing::HasSubstr;

constexpr std::size_t kPartBytes = 1000;

class UploadTest : public testing::Test {
 protected:
  void serve(const std::string& faults, const std::string& more = "") {
    server_ = std::make_unique<fakes::FaultServer>(R"({"keys": {"AKIDEXAMPLE": {"secret": "se/cret+="}}, "buckets": {
        "data": {"least_part_bytes": 1000, "objects": {"old": {"text": "old"}}, "write_faults": [)" +
                                                       faults + "]" + more + "}}}",
                                                   "s3_server.py");
    client_ = http::make_client({.retry = {.attempts = 3,
                                           .first_wait = std::chrono::milliseconds(1),
                                           .longest_wait = std::chrono::milliseconds(2)}})
                  .value();
    provider_ = make_fixed_provider(
        {.access_key_id = "AKIDEXAMPLE", .secret_access_key = Secret(std::string("se/cret+=")), .source = "the test"},
        std::chrono::system_clock::now);
    store_ =
        make_store({.address = {.endpoint = server_->url("")}}, *client_, *provider_, std::chrono::system_clock::now)
            .value();
  }
  Result<void> send(std::string_view content, const std::string& key = "a b/r+\xc3\xa9.txt",
                    const std::string& bucket = "data", const std::stop_token& stop = {}) {
    auto read = [&](std::span<char> target) -> Result<void> {
      CHECK(target.size() <= content.size());
      std::memcpy(target.data(), content.data(), target.size());
      content.remove_prefix(target.size());
      return {};
    };
    return upload(*store_,
                  {.bucket = bucket, .key = key, .size_bytes = content.size(), .part_bytes = kPartBytes, .read = read},
                  stop);
  }
  std::string get(const std::string& path) {
    auto response = client_->call({.url = server_->url(path)}, nullptr, {});
    return response.ok() ? response.value().body : "HTTP status " + std::to_string(response.error().code);
  }
  std::size_t requests(const std::string& method) {
    const std::string asked = get("/_requests");
    std::size_t count = 0;
    for (std::size_t at = 0; (at = asked.find("\"method\": \"" + method + "\"", at)) != std::string::npos; ++at)
      ++count;
    return count;
  }

  std::unique_ptr<fakes::FaultServer> server_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<CredentialProvider> provider_;
  std::unique_ptr<Store> store_;
};

constexpr const char* kObject = "/_object/data/a%20b/r%2B%C3%A9.txt";

TEST_F(UploadTest, OfASmallObjectIsOneRequest) {
  serve("");
  for (const std::string& content : {std::string(), std::string(kPartBytes - 1, 'x')}) {
    auto sent = send(content);
    ASSERT_TRUE(sent.ok()) << sent.error().message;
    EXPECT_EQ(get(kObject), content);
  }
  EXPECT_EQ(requests("PUT"), 2u);
  EXPECT_EQ(requests("POST"), 0u);
}

TEST_F(UploadTest, OfALargeObjectIsInParts) {
  serve("");
  for (std::size_t size : {kPartBytes, 2 * kPartBytes, 3 * kPartBytes + 1}) {
    const std::string content = fakes::FaultServer::content(size);
    auto sent = send(content);
    ASSERT_TRUE(sent.ok()) << sent.error().message;
    EXPECT_EQ(get(kObject), content);
  }
  EXPECT_EQ(requests("PUT"), 1u + 2u + 4u);
  EXPECT_EQ(get("/_uploads"), "[]");
}

TEST_F(UploadTest, HasNoMorePartsThanS3Takes) {
  serve("");
  const std::string content(limits::kMostUploadParts * kPartBytes + 1, 'x');
  std::size_t most = 0;
  std::size_t count = 0;
  auto read = [&](std::span<char> target) -> Result<void> {
    most = std::max(most, target.size());
    // What follows is of no interest.
    return ++count == 2 ? Result<void>(Error{.message = "enough"}) : Result<void>();
  };
  EXPECT_EQ(
      upload(*store_,
             {.bucket = "data", .key = "k", .size_bytes = content.size(), .part_bytes = kPartBytes, .read = read}, {})
          .error()
          .message,
      "enough");
  EXPECT_EQ(most, kPartBytes + 1);
  EXPECT_EQ(get("/_uploads"), "[]");
}

TEST_F(UploadTest, GoesOnAfterWhatPasses) {
  for (const char* fault :
       {R"({"on": "begin", "status": 503})", R"({"on": "part", "status": 500}, {"on": "part", "status": 500})",
        R"({"on": "part", "closes_at": 10})", R"({"on": "part", "closes": true})",
        R"({"on": "part", "closes": true, "after": true})", R"({"on": "complete", "status": 500})",
        R"({"on": "complete", "error": true})", R"({"on": "complete", "closes": true, "after": true})",
        R"({"on": "begin", "closes": true})"}) {
    serve(fault);
    const std::string content = fakes::FaultServer::content(2500);
    auto sent = send(content);
    ASSERT_TRUE(sent.ok()) << fault << ": " << sent.error().message;
    EXPECT_EQ(get(kObject), content) << fault;
    EXPECT_EQ(get("/_uploads"), "[]") << fault;
  }
}

TEST_F(UploadTest, LeavesNothingIfItFails) {
  struct Row {
    const char* fault;
    ErrorKind kind;
    const char* words;
  };
  for (const Row& row :
       {Row{R"({"on": "begin", "status": 500, "always": true})", ErrorKind::kRetry, "s3://data/a b/"},
        Row{R"({"on": "part", "status": 500, "always": true})", ErrorKind::kRetry, "still busy or failing"},
        Row{R"({"on": "part", "status": 400})", ErrorKind::kBadInput, "HTTP status 400"},
        Row{R"({"on": "part", "closes": true, "always": true})", ErrorKind::kRetry, "s3://data/a b/"},
        Row{R"({"on": "part", "etag": "\"d41d8cd98f00b204e9800998ecf8427e\""})", ErrorKind::kBadInput,
            "stored other bytes than were sent"},
        Row{R"({"on": "complete", "status": 403})", ErrorKind::kDenied, "s3://data/a b/"},
        Row{R"({"on": "complete", "error": true, "always": true})", ErrorKind::kRetry, "put the parts together"},
        Row{R"({"on": "part", "status": 400}, {"on": "abort", "status": 500}, {"on": "abort", "closes": true})",
            ErrorKind::kBadInput, "HTTP status 400"}}) {
    serve(row.fault);
    auto sent = send(fakes::FaultServer::content(2500));
    ASSERT_FALSE(sent.ok()) << row.fault;
    EXPECT_EQ(sent.error().kind, row.kind) << row.fault;
    EXPECT_THAT(sent.error().message, HasSubstr(row.words)) << row.fault;
    EXPECT_EQ(get(kObject), "HTTP status 404") << row.fault;
    EXPECT_EQ(get("/_uploads"), "[]") << row.fault;
  }
}

TEST_F(UploadTest, SaysWhatRemainsIfItCannotBeRemoved) {
  serve(R"({"on": "part", "status": 400}, {"on": "abort", "status": 403, "always": true})");
  auto sent = send(fakes::FaultServer::content(2500));
  ASSERT_FALSE(sent.ok());
  EXPECT_THAT(sent.error().message, HasSubstr("; parts of the upload id/1+= may remain on the server"));
  auto tried = try_upload(*store_, "data", "key", {});
  ASSERT_FALSE(tried.ok());
  EXPECT_THAT(tried.error().message, HasSubstr("may remain"));
}

TEST_F(UploadTest, IsRemovedWhenItIsStopped) {
  serve("");
  std::stop_source stop;
  auto read = [&](std::span<char>) -> Result<void> {
    stop.request_stop();
    return {};
  };
  auto sent = upload(*store_, {.bucket = "data", .key = "k", .size_bytes = 2500, .part_bytes = 1000, .read = read},
                     stop.get_token());
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kStopped);
  EXPECT_EQ(get("/_uploads"), "[]");
}

TEST_F(UploadTest, CanBeTriedBefore) {
  serve("");
  EXPECT_TRUE(try_upload(*store_, "data", "key", {}).ok());
  EXPECT_EQ(get("/_uploads"), "[]");
  auto nowhere = try_upload(*store_, "nowhere", "key", {});
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(nowhere.error().message, HasSubstr("there is no bucket nowhere"));
  serve("", R"(, "write_denied": true)");
  auto denied = try_upload(*store_, "data", "key", {});
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(denied.error().message, HasSubstr("lack the permission s3:PutObject"));
  EXPECT_FALSE(send("x").ok());
}

// With a key of KMS, an ETag is not an MD5.
TEST(Upload, ComparesEtagsUnlessTheyAreSomethingElse) {
  for (const char* encryption : {"AES256", "aws:kms", "aws:kms:dsse"}) {
    http::FakeClient client([&](const http::Request& request) -> Result<http::Response> {
      EXPECT_EQ(header_of(request, "Content-MD5"), "ndTkYSaMgDT1yFZOFVxnpg==");
      return answer(200, "",
                    {{.name = "etag", .value = "\"5d41402abc4b2a76b9719d911017c592\""},
                     {.name = "x-amz-server-side-encryption", .value = encryption}});
    });
    const auto provider = make_anonymous_provider();
    const auto store = make_store({}, client, *provider, today).value();
    auto read = [](std::span<char> target) -> Result<void> {
      std::fill(target.begin(), target.end(), 'x');
      return {};
    };
    auto sent = upload(*store, {.bucket = "data", .key = "k", .size_bytes = 1, .read = read}, {});
    EXPECT_EQ(sent.ok(), std::string_view(encryption) != "AES256") << encryption;
  }
}

TEST(UploadAnswers, AreReadOrRefused) {
  EXPECT_EQ(
      parse_upload_id("<InitiateMultipartUploadResult><UploadId>a&amp;b</UploadId></InitiateMultipartUploadResult>")
          .value(),
      "a&b");
  EXPECT_EQ(parse_completed_upload("<s3:CompleteMultipartUploadResult xmlns:s3='x'><s3:ETag>&quot;e&quot;</s3:ETag>"
                                   "</s3:CompleteMultipartUploadResult>")
                .value(),
            "\"e\"");
  for (const char* text : {"", "{}", "<html/>", "<Error><Code>InternalError</Code></Error>",
                           "<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>"}) {
    EXPECT_FALSE(parse_upload_id(text).ok()) << text;
    EXPECT_FALSE(parse_completed_upload(text).ok()) << text;
  }
  EXPECT_EQ(xml_text("a&<b>\""), "a&amp;&lt;b>\"");
}

}  // namespace
}  // namespace quern::s3
