#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "fakes/fault_server.h"
#include "services/http/http.h"
#include "services/s3/store.h"

// Tests the store with the real client against tests/fakes/s3_server.py, which checks signatures with an independent
// implementation.

namespace quern::s3 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kOddKeys[] = {
    "a b+c/\xc3\xa9",      "a//b",      "/first",    "..",        "x/../y", "100%",  "q?x=1&y#z", "~*'()!@$,;:=[]",
    "\xe2\x82\xac{}|^`\\", "tab\there", "&amp;<>\"", "trailing ", "%41",    "a.b/.c"};

std::string json_string(const std::string& text) {
  std::string result = "\"";
  for (char byte : text) {
    if (byte == '"' || byte == '\\') result += '\\';
    if (byte == '\t') {
      result += "\\t";
    } else {
      result += byte;
    }
  }
  return result + "\"";
}

std::string plan() {
  std::string odd;
  for (const char* key : kOddKeys) odd += (odd.empty() ? "" : ", ") + json_string(key) + R"(: {"text": "odd"})";
  return R"({"keys": {"AKIDEXAMPLE": {"secret": "se/cret+="}, "ASIATOKEN": {"secret": "other", "token": "t/o+k="},
                      "ASIAEXPIRED": {"secret": "other", "token": "old", "expired": true}},
    "page": 7, "buckets": {
      "data": {"objects": {"p/a": {"text": "hello"}, "p/q/b": {"text": ""}, "secret": {"text": "no"}}, "denied": ["secret"]},
      "odd": {"objects": {)" +
         odd + R"(}},
      "many": {"generate": {"prefix": "p/", "count": 100, "size": 5}},
      "west": {"region": "eu-west-1", "objects": {"k": {"text": "west"}}},
      "moved": {"region": "eu-west-1", "redirect": 301, "objects": {"k": {"text": "west"}}},
      "closed": {"unlisted": true, "objects": {"k": {"text": "x"}}},
      "public": {"public": true, "objects": {"k": {"text": "for all"}}}}})";
}

class ServerTest : public testing::Test {
 protected:
  explicit ServerTest(const std::string& own_plan = plan()) : server_(own_plan, "s3_server.py") {
    client_ = http::make_client({.retry = {.attempts = 1}}).value();
    use("AKIDEXAMPLE", "se/cret+=");
  }
  void use(const std::string& key_id, std::string secret, std::string token = "") {
    provider_ = make_fixed_provider({.access_key_id = key_id,
                                     .secret_access_key = Secret(std::move(secret)),
                                     .session_token = Secret(std::move(token)),
                                     .source = "the test"},
                                    std::chrono::system_clock::now);
    make_own_store();
  }
  void make_own_store() {
    store_ =
        make_store({.address = {.endpoint = server_.url("")}}, *client_, *provider_, std::chrono::system_clock::now)
            .value();
  }
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
  std::string get(const std::string& bucket, const std::string& key) {
    auto object = store_->object_request(bucket, key, {});
    if (!object.ok()) return object.error().message;
    auto response = client_->call(object.value().request, object.value().signer, {});
    return response.ok() ? response.value().body : response.error().message;
  }

  fakes::FaultServer server_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<CredentialProvider> provider_;
  std::unique_ptr<Store> store_;
};

TEST_F(ServerTest, ListsAndGetsKeysOfEveryKind) {
  auto found = keys({.bucket = "odd"});
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(kOddKeys));
  for (const std::string& key : found) {
    EXPECT_EQ(get("odd", key), "odd") << key;
    auto object = store_->head("odd", key, {});
    ASSERT_TRUE(object.ok()) << key << ": " << object.error().message;
    ASSERT_TRUE(object.value().has_value()) << key;
    EXPECT_EQ(object.value()->size_bytes, 3U) << key;
  }
}

TEST_F(ServerTest, ListsPagesPrefixesAndLevels) {
  EXPECT_THAT(keys({.bucket = "many"}), SizeIs(100));
  EXPECT_THAT(keys({.bucket = "many", .prefix = "p/0000001"}), SizeIs(10));
  EXPECT_THAT(keys({.bucket = "data", .prefix = "p/"}), ElementsAre("p/a", "p/q/b"));
  EXPECT_THAT(keys({.bucket = "data", .prefix = "p/", .delimiter = "/"}), ElementsAre("p/a"));
  EXPECT_THAT(keys({.bucket = "data", .prefix = "+ &?"}), SizeIs(0));
}

TEST_F(ServerTest, FollowsBucketsToTheirRegion) {
  EXPECT_THAT(keys({.bucket = "west"}), ElementsAre("k"));
  EXPECT_THAT(keys({.bucket = "moved"}), ElementsAre("k"));
  for (const char* bucket : {"west", "moved"}) {
    make_own_store();
    EXPECT_EQ(get(bucket, "k"), "west") << bucket;
    make_own_store();
    auto object = store_->head(bucket, "k", {});
    ASSERT_TRUE(object.ok()) << bucket << ": " << object.error().message;
    EXPECT_TRUE(object.value().has_value()) << bucket;
  }
}

TEST_F(ServerTest, SendsSessionTokens) {
  use("ASIATOKEN", "other", "t/o+k=");
  EXPECT_EQ(get("data", "p/a"), "hello");
  use("ASIATOKEN", "other", "wrong");
  EXPECT_THAT(keys({.bucket = "data"}), ElementsAre(HasSubstr("the session token of the credentials of the test")));
  use("ASIAEXPIRED", "other", "old");
  EXPECT_THAT(keys({.bucket = "data"}), ElementsAre(HasSubstr("(ASIAEXPIRED) have expired; get new ones")));
}

TEST_F(ServerTest, SaysWhyItIsRefused) {
  EXPECT_THAT(keys({.bucket = "missing"}), ElementsAre(HasSubstr("there is no bucket missing")));
  EXPECT_THAT(keys({.bucket = "closed"}), ElementsAre(HasSubstr("lack the permission s3:ListBucket")));
  EXPECT_EQ(get("closed", "k"), "x");
  auto denied = store_->head("data", "secret", {});
  ASSERT_FALSE(denied.ok());
  EXPECT_THAT(denied.error().message,
              HasSubstr("s3://data/secret: the credentials of the test (AKIDEXAMPLE) lack the"));
  EXPECT_FALSE(store_->head("data", "missing", {}).value().has_value());
  use("AKIDEXAMPLE", "wrong");
  EXPECT_THAT(keys({.bucket = "data"}), ElementsAre(HasSubstr("is not the one that belongs to the key id")));
  auto wrong = store_->head("data", "p/a", {});
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, HasSubstr("is not the one that belongs to the key id"));
  use("AKIDOTHER", "x");
  EXPECT_THAT(keys({.bucket = "data"}), ElementsAre(HasSubstr("does not know the key id")));
}

TEST_F(ServerTest, GoesWithoutASignatureWhereThereAreNoCredentials) {
  provider_ = make_anonymous_provider();
  make_own_store();
  EXPECT_EQ(get("public", "k"), "for all");
  EXPECT_THAT(keys({.bucket = "data"}), ElementsAre(HasSubstr("an anonymous request may not s3:ListBucket here")));
}

TEST_F(ServerTest, MakesUrlsThatAnybodyMayUseForAWhile) {
  SigV4 signature(for_s3("us-east-1"));
  AwsCredentials own{.access_key_id = "ASIATOKEN",
                     .secret_access_key = Secret(std::string("other")),
                     .session_token = Secret(std::string("t/o+k="))};
  auto now = std::chrono::system_clock::now();
  http::Request request{.url = server_.url("/odd/a%20b%2Bc/%C3%A9?response-content-type=a%2Fb")};
  auto url = signature.presign(request, own, now, std::chrono::minutes(5));
  ASSERT_TRUE(url.ok());
  auto response = client_->call({.url = url.value()}, nullptr, {});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response.value().body, "odd");
  auto old = signature.presign(request, own, now - std::chrono::minutes(10), std::chrono::minutes(5));
  EXPECT_FALSE(client_->call({.url = old.value()}, nullptr, {}).ok());
}

class SkewedServerTest : public ServerTest {
 protected:
  SkewedServerTest()
      : ServerTest(R"({"keys": {"AKIDEXAMPLE": {"secret": "se/cret+="}}, "clock": 7230, "buckets": {"data": {}}})") {}
};

TEST_F(SkewedServerTest, TellsByHowMuchTheClockIsWrong) {
  EXPECT_THAT(keys({.bucket = "data"}),
              ElementsAre(HasSubstr("this machine's clock is 2 hours behind the server's; set it")));
}

}  // namespace
}  // namespace quern::s3
