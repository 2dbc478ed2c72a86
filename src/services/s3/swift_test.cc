#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fakes/fault_server.h"
#include "services/http/http.h"
#include "services/s3/store.h"
#include "services/s3/upload.h"

// Tests the store against Debian's swift, which checks signatures and lists objects independently of quern.

namespace quern::s3 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kPlan = R"({"buckets": {"data": {"objects": {
    "p/a": {"text": "hello"}, "p/q/b": {"text": ""},
    "a b+c/\u00e9": {"text": "odd"}, "a//b": {"text": "odd"}, "x/../y": {"text": "odd"}, "100%": {"text": "odd"},
    "q?x=1&y#z": {"text": "odd"}, "~*'()!@$,;:=[]": {"text": "odd"}, "\u20ac{}|^`\\": {"text": "odd"},
    "&amp;<>\"": {"text": "odd"}, "%41": {"text": "odd"}, "a.b/.c": {"text": "odd"}}}}})";

// One instance for all tests, because it takes some seconds to start.
class SwiftTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (is_installed()) server_.emplace(kPlan, "swift_server.py");
  }
  static void TearDownTestSuite() { server_.reset(); }
  static bool is_installed() {
    for (const char* program :
         {"/usr/bin/swift-proxy-server", "/usr/bin/swift-account-server", "/usr/bin/swift-container-server",
          "/usr/bin/swift-object-server", "/usr/bin/memcached"}) {
      if (::access(program, X_OK) != 0) return false;
    }
    return true;
  }

  void SetUp() override {
    if (!server_.has_value()) GTEST_SKIP() << "swift or memcached is not installed; tools/set_up test installs them";
    client_ = http::make_client({.retry = {.attempts = 1}}).value();
    use("testing", "us-east-1");
  }
  void use(std::string secret, std::string region) {
    provider_ = make_fixed_provider(
        {.access_key_id = "test:tester", .secret_access_key = Secret(std::move(secret)), .source = "the test"},
        [this] { return now(); });
    StoreOptions options{.address = {.endpoint = server_->url("")}, .region = std::move(region)};
    store_ = make_store(std::move(options), *client_, *provider_, [this] { return now(); }).value();
  }
  UtcTime now() const { return std::chrono::system_clock::now() + clock_; }
  std::vector<std::string> keys(const ListRequest& request) {
    std::vector<std::string> found;
    auto take = [&](const Object& object) -> Result<void> {
      found.push_back(object.key);
      return {};
    };
    auto outcome = store_->list(request, take, {});
    if (!outcome.ok()) return {outcome.error().message};
    return found;
  }

  static std::optional<fakes::FaultServer> server_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<CredentialProvider> provider_;
  std::unique_ptr<Store> store_;
  std::chrono::seconds clock_{0};
};
std::optional<fakes::FaultServer> SwiftTest::server_;

TEST_F(SwiftTest, ListsAndGetsKeysOfEveryKind) {
  auto found = keys({.bucket = "data"});
  EXPECT_EQ(found.size(), 12U) << found.front();
  for (const std::string& key : found) {
    std::string content = key == "p/a" ? "hello" : key == "p/q/b" ? "" : "odd";
    auto object = store_->object_request("data", key, {});
    ASSERT_TRUE(object.ok()) << key << ": " << object.error().message;
    auto response = client_->call(object.value().request, object.value().signer, {});
    ASSERT_TRUE(response.ok()) << key << ": " << response.error().message;
    EXPECT_EQ(response.value().body, content) << key;
    auto head = store_->head("data", key, {});
    ASSERT_TRUE(head.ok()) << key << ": " << head.error().message;
    ASSERT_TRUE(head.value().has_value()) << key;
    EXPECT_EQ(head.value()->size_bytes, content.size()) << key;
    EXPECT_THAT(head.value()->etag, testing::StartsWith("\"")) << key;
  }
}

TEST_F(SwiftTest, ListsPrefixesAndLevels) {
  EXPECT_THAT(keys({.bucket = "data", .prefix = "p/"}), ElementsAre("p/a", "p/q/b"));
  EXPECT_THAT(keys({.bucket = "data", .prefix = "p/", .delimiter = "/"}), ElementsAre("p/a"));
  EXPECT_THAT(keys({.bucket = "data", .prefix = "a b+"}), ElementsAre("a b+c/\xc3\xa9"));
}

TEST_F(SwiftTest, FindsTheRegion) {
  use("testing", "eu-west-1");
  EXPECT_THAT(keys({.bucket = "data", .prefix = "p/"}), ElementsAre("p/a", "p/q/b"));
  use("testing", "eu-west-1");
  auto head = store_->head("data", "p/a", {});
  ASSERT_TRUE(head.ok()) << head.error().message;
  EXPECT_TRUE(head.value().has_value());
}

TEST_F(SwiftTest, SaysWhyItIsRefused) {
  EXPECT_FALSE(store_->head("data", "missing", {}).value().has_value());
  EXPECT_THAT(keys({.bucket = "missing"}), ElementsAre(HasSubstr("there is no bucket missing")));
  use("wrong", "us-east-1");
  EXPECT_THAT(keys({.bucket = "data"}), ElementsAre(HasSubstr("is not the one that belongs to the key id")));
  use("testing", "us-east-1");
  clock_ = std::chrono::hours(-2);
  EXPECT_THAT(keys({.bucket = "data"}), ElementsAre(HasSubstr("this machine's clock is")));
}

TEST_F(SwiftTest, TakesWhatIsPutAndSignedInTheUrl) {
  SigV4 signature(for_s3("us-east-1"));
  AwsCredentials own{.access_key_id = "test:tester", .secret_access_key = Secret(std::string("testing"))};
  http::Request put{.method = "PUT", .url = server_->url("/data/new%20one"), .body = "new"};
  ASSERT_TRUE(signature.sign(put, own, now()).ok());
  auto stored = client_->call(put, nullptr, {});
  ASSERT_TRUE(stored.ok()) << stored.error().message;
  auto url = signature.presign({.url = put.url}, own, now(), std::chrono::minutes(1));
  ASSERT_TRUE(url.ok());
  auto response = client_->call({.url = url.value()}, nullptr, {});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response.value().body, "new");
}

TEST_F(SwiftTest, TakesUploadsWholeAndInParts) {
  constexpr std::size_t kPartBytes = std::size_t{5} << 20;  // the least that S3 takes
  for (std::size_t size : {std::size_t{3}, 2 * kPartBytes, 2 * kPartBytes + 1}) {
    const std::string content = fakes::FaultServer::content(size);
    std::size_t at = 0;
    auto read = [&](std::span<char> target) -> Result<void> {
      std::memcpy(target.data(), content.data() + at, target.size());
      at += target.size();
      return {};
    };
    auto sent = upload(
        *store_, {.bucket = "data", .key = "up/a b+", .size_bytes = size, .part_bytes = kPartBytes, .read = read}, {});
    ASSERT_TRUE(sent.ok()) << sent.error().message;
    auto object = store_->object_request("data", "up/a b+", {});
    auto response = client_->call(object.value().request, object.value().signer, {});
    ASSERT_TRUE(response.ok()) << response.error().message;
    EXPECT_TRUE(response.value().body == content) << size;
  }
}

TEST_F(SwiftTest, KeepsNothingOfAnUploadThatFails) {
  auto begun = [&] {
    auto response = store_->change({.method = "GET", .bucket = "data", .key = "", .query = "uploads="}, {});
    return response.ok() ? response.value().body : response.error().message;
  };
  EXPECT_TRUE(try_upload(*store_, "data", "up/tried", {}).ok());
  std::size_t parts = 0;
  auto read = [&](std::span<char>) -> Result<void> {
    return ++parts == 2 ? Result<void>(Error{.message = "the disk fails"}) : Result<void>();
  };
  const std::size_t part_bytes = std::size_t{5} << 20;
  auto sent = upload(
      *store_, {.bucket = "data", .key = "up/x", .size_bytes = 2 * part_bytes, .part_bytes = part_bytes, .read = read},
      {});
  EXPECT_EQ(sent.error().message, "the disk fails");
  EXPECT_THAT(begun(), testing::AllOf(HasSubstr("ListMultipartUploadsResult"), testing::Not(HasSubstr("<Upload>"))));
  EXPECT_FALSE(store_->head("data", "up/x", {}).value().has_value());
  auto nowhere = try_upload(*store_, "missing", "key", {});
  ASSERT_FALSE(nowhere.ok());
  EXPECT_THAT(nowhere.error().message, HasSubstr("there is no bucket missing"));
}

}  // namespace
}  // namespace quern::s3
