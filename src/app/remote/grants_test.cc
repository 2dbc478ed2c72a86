#include "app/remote/grants.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "base/text_source_for_test.h"

namespace quern::app {
namespace {

// "bucket/prefix" of each grant, or the error's message.
std::string shown(NamedInputs inputs) {
  auto grants = grants_for(inputs);
  if (!grants.ok()) return grants.error().message;
  std::string text;
  for (const s3::Grant& grant : grants.value()) text += grant.bucket + "/" + grant.prefix + " ";
  return text;
}

TEST(Grants, AreWhatPatternsBeginWith) {
  struct Row {
    const char* what;
    std::vector<std::string> patterns;
    std::string grants;
  };
  const std::vector<Row> rows = {
      {"a glob", {"s3://b/p/2026-11-*/x"}, "b/p/2026-11- "},
      {"everything below", {"s3://b/p/"}, "b/p/ "},
      {"a key, or what is below it", {"s3://b/p/x"}, "b/p/x "},
      {"a bucket", {"s3://b"}, "b/ "},
      {"braces", {"s3://b/p/{x,y}/*.xz"}, "b/p/x/ b/p/y/ "},
      {"several", {"s3://c/x*", "s3://b/y*", "s3://b/z*"}, "b/y b/z c/x "},
      {"one within another", {"s3://b/p/x/*", "s3://b/p/*", "s3://b/p/x/*"}, "b/p/ "},
      {"files and URLs beside", {"data/*.xz", "https://host/x", "s3://b/p/*"}, "b/p/ "},
  };
  for (const Row& row : rows) EXPECT_EQ(shown({.patterns = row.patterns}), row.grants) << row.what;
}

TEST(Grants, AreWhatTheKeysOfAManifestShare) {
  TextSource manifest("s3://b/p/2026-11-01/x\t5\ns3://b/p/2026-11-02/y\n/tmp/file\ns3://c/one\nhttps://host/x\n");
  EXPECT_EQ(shown({.manifest = &manifest, .manifest_name = "m"}), "b/p/2026-11-0 c/one ");
  TextSource keys("p/a\np/b\ns3://other/x\n");
  EXPECT_EQ(shown({.manifest = &keys, .manifest_name = "m", .bucket = "b"}), "b/p/ other/x ");
}

TEST(Grants, TakeBareKeysFromTheBucket) {
  EXPECT_EQ(shown({.patterns = {"p/*", "https://host/x"}, .bucket = "b"}), "b/p/ ");
}

TEST(Grants, SayWhatIsWrong) {
  EXPECT_EQ(shown({.patterns = {"data/*"}}),
            "none of the inputs is in S3, so they need no credentials; name others with -i s3://...");
  EXPECT_THAT(shown({.patterns = {"s3://no bucket/x"}}), ::testing::StartsWith("s3://no bucket/x: "));
  TextSource manifest("s3://b/x\ty\n");
  EXPECT_THAT(shown({.manifest = &manifest, .manifest_name = "m"}), ::testing::StartsWith("m:1: "));
}

}  // namespace
}  // namespace quern::app
