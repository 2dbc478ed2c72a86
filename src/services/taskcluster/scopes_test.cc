#include "services/taskcluster/scopes.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace quern::taskcluster {
namespace {

std::string scopes_for(std::vector<std::string> urls) {
  std::string text;
  for (const S3Request& request : s3_requests_for(urls)) text += scope_of(request) + "\n";
  std::reverse(urls.begin(), urls.end());
  std::string reversed;
  for (const S3Request& request : s3_requests_for(urls)) reversed += scope_of(request) + "\n";
  EXPECT_EQ(text, reversed) << "the order of the URLs shows";
  return text;
}

TEST(S3Requests, AreForWhatTheKeysBeginWith) {
  struct Row {
    const char* name;
    std::vector<std::string> urls;
    std::string scopes;
  };
  const std::vector<Row> rows = {
      {"none", {}, ""},
      {"no objects", {"https://host/a/b", "data/a.gz"}, ""},
      {"one object", {"s3://b/day/a.gz"}, "auth:aws-s3:read-only:b/day/\n"},
      {"one folder", {"s3://b/day/a1.gz", "s3://b/day/a2.gz"}, "auth:aws-s3:read-only:b/day/\n"},
      {"two folders", {"s3://b/x/day1/a", "s3://b/x/day2/a"}, "auth:aws-s3:read-only:b/x/\n"},
      {"a folder within the other", {"s3://b/x/a", "s3://b/x/y/a"}, "auth:aws-s3:read-only:b/x/\n"},
      {"nothing in common", {"s3://b/x/a", "s3://b/y/a"}, "auth:aws-s3:read-only:b/\n"},
      {"no folder", {"s3://b/a"}, "auth:aws-s3:read-only:b/\n"},
      {"several buckets", {"s3://c/x/a", "s3://b/y/a"}, "auth:aws-s3:read-only:b/y/\nauth:aws-s3:read-only:c/x/\n"},
      {"a slash at the start", {"s3://b//x/a"}, "auth:aws-s3:read-only:b/\n"},
      {"what cannot be in a scope", {"s3://b/x/\xc3\xa4/a", "s3://b/x/\xc3\xa4/b"}, "auth:aws-s3:read-only:b/x/\n"},
      {"no key", {"s3://b"}, "auth:aws-s3:read-only:b/\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(scopes_for(row.urls), row.scopes) << row.name;
}

}  // namespace
}  // namespace quern::taskcluster
