#include "services/taskcluster/download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/taskcluster/deployment_for_test.h"

namespace quern::taskcluster {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Json = Deployment::Json;

struct Kept final : ArtifactSink {
  Result<void> begin() override {
    bytes.clear();
    ++begun;
    return {};
  }
  Result<void> write(std::string_view more) override {
    bytes.append(more);
    return is_full ? Result<void>(Error{.kind = ErrorKind::kNoSpace, .message = "full"}) : Result<void>();
  }
  std::string bytes;
  int begun = 0;
  bool is_full = false;
};

// A deployment with a running task that has artifacts.
struct Downloads : Deployment {
  explicit Downloads(const std::string& plan = "{}") : Deployment(plan), id(create(kGroup)) {
    CHECK(claim() == id);
    upload(id, 0, "public/log.txt", text, "text/plain");
    upload(id, 0, "project/x/out.zst", text);
  }
  Result<void> get(const std::string& name) { return download(*api, {id, std::nullopt, name}, kept, {}); }
  bool signs_to_store() {
    for (const Json& request : requests()) {
      if (request["path"].get<std::string>().starts_with("/store/") && request["headers"].contains("Authorization")) {
        return true;
      }
    }
    return false;
  }

  const std::string text = fakes::FaultServer::content(100000);
  std::string id;
  Kept kept;
};

TEST(Download, TakesBytesAsTheyAreAndDecodesGzip) {
  Downloads downloads;
  for (const char* name : {"public/log.txt", "project/x/out.zst"}) {
    auto got = downloads.get(name);
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ(downloads.kept.bytes, downloads.text);
  }
  EXPECT_FALSE(downloads.signs_to_store());
}

TEST(Download, BeginsAnewWhenItBreaksOff) {
  Downloads downloads;
  downloads.change_plan(R"({"faults": [{"path": "/store/", "cut": true}, {"path": "/store/", "status": 503}]})");
  auto got = downloads.get("project/x/out.zst");
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(downloads.kept.bytes, downloads.text);
  EXPECT_EQ(downloads.kept.begun, 2);
}

TEST(Download, ChecksObjects) {
  Downloads downloads(R"({"s3_as_objects": true})");
  auto got = downloads.get("public/log.txt");
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(downloads.kept.bytes, downloads.text);
  EXPECT_FALSE(downloads.signs_to_store());
  downloads.change_plan(R"({"hashes": {"sha512": ")" + std::string(128, 'a') + "\"}}");
  got = downloads.get("public/log.txt");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(got.error().message, HasSubstr("their hash is another one"));
}

TEST(Download, AsksForAnotherUrlWhenAnObjectsHasExpired) {
  Downloads downloads(R"({"s3_as_objects": true, "url_seconds": 0})");
  auto got = downloads.get("public/log.txt");
  ASSERT_FALSE(got.ok());
  std::size_t starts = 0;
  for (const Json& request : downloads.requests()) {
    starts += request["path"].get<std::string>().find("start-download") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(starts, 5U);
  EXPECT_THAT(got.error().message, AllOf(HasSubstr("HTTP status 403"), Not(HasSubstr("signed"))));
}

TEST(Download, FollowsLinksAndReferences) {
  Downloads downloads;
  downloads.add_artifact(downloads.id, 0, "public/live.log",
                         {{"storageType", "link"}, {"artifact", "public/log.txt"}, {"contentType", "text/plain"}});
  std::string elsewhere = downloads.queue->artifact_content({downloads.id, 0, "public/log.txt"}, {}).value().url;
  downloads.add_artifact(downloads.id, 0, "public/reference",
                         {{"storageType", "reference"}, {"contentType", "text/plain"}, {"url", elsewhere}});
  for (const char* name : {"public/live.log", "public/reference"}) {
    auto got = downloads.get(name);
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ(downloads.kept.bytes, downloads.text);
  }
}

TEST(Download, SaysWhatTheWorkerSaidOfAnError) {
  Downloads downloads;
  downloads.add_artifact(downloads.id, 0, "public/e",
                         {{"storageType", "error"}, {"reason", "file-missing-on-worker"}, {"message", "no such file"}});
  auto got = downloads.get("public/e");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(got.error().message, "artifact public/e of task " + downloads.id +
                                     " has no bytes, only the worker's error file-missing-on-worker: no such file");
  EXPECT_EQ(downloads.get("public/nothing").error().kind, ErrorKind::kNotFound);
}

TEST(Download, SaysThatAnArtifactWasNeverUploaded) {
  Downloads downloads;
  downloads.add_artifact(downloads.id, 0, "public/empty", {{"storageType", "s3"}, {"contentType", "text/plain"}});
  auto got = downloads.get("public/empty");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(got.error().message, AllOf(HasSubstr("NoSuchKey"), Not(HasSubstr("signed="))));
}

TEST(Download, TellsTheSizeWithoutTheBytes) {
  for (const char* plan : {"{}", R"({"s3_as_objects": true})"}) {
    Downloads downloads(plan);
    auto size = stored_bytes(*downloads.api, {downloads.id, 0, "project/x/out.zst"}, {});
    ASSERT_TRUE(size.ok()) << size.error().message;
    EXPECT_EQ(size.value(), downloads.text.size());
    EXPECT_EQ(stored_bytes(*downloads.api, {downloads.id, 0, "public/no"}, {}).error().kind, ErrorKind::kNotFound);
  }
  Downloads downloads;
  downloads.add_artifact(downloads.id, 0, "public/empty", {{"storageType", "s3"}, {"contentType", "text/plain"}});
  EXPECT_EQ(stored_bytes(*downloads.api, {downloads.id, 0, "public/empty"}, {}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(downloads.requests().back()["headers"].value("Range", ""), "bytes=0-0");
  // The client can be used for other requests afterwards.
  EXPECT_TRUE(downloads.get("public/log.txt").ok());
}

TEST(Download, EndsWithTheErrorOfItsSink) {
  Downloads downloads;
  downloads.kept.is_full = true;
  EXPECT_EQ(downloads.get("public/log.txt").error().kind, ErrorKind::kNoSpace);
  EXPECT_EQ(downloads.client->running(), 0U);
}

}  // namespace
}  // namespace quern::taskcluster
