#include "services/s3/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace quern::s3 {
namespace {

using testing::HasSubstr;

TEST(ObjectUrl, PutsTheBucketWhereItsServerWantsIt) {
  struct Row {
    const char* name;
    AddressOptions options;
    const char* bucket;
    const char* key;
    const char* region;
    const char* url;
  };
  const AddressOptions aws;
  const AddressOptions other{.endpoint = "http://localhost:9000/"};
  for (const Row& row : {
           Row{"host", aws, "data", "a/b.gz", "eu-west-1", "https://data.s3.eu-west-1.amazonaws.com/a/b.gz"},
           Row{"bucket alone", aws, "data", "", "eu-west-1", "https://data.s3.eu-west-1.amazonaws.com/"},
           Row{"dots", aws, "my.data", "a", "us-east-1", "https://s3.us-east-1.amazonaws.com/my.data/a"},
           Row{"upper case", aws, "Data", "a", "us-east-1", "https://s3.us-east-1.amazonaws.com/Data/a"},
           Row{"underscore", aws, "da_ta", "a", "us-east-1", "https://s3.us-east-1.amazonaws.com/da_ta/a"},
           Row{"too short for a host", aws, "ab", "", "us-east-1", "https://s3.us-east-1.amazonaws.com/ab"},
           Row{"path on demand",
               {.style = AddressStyle::kPath},
               "data",
               "a",
               "us-east-1",
               "https://s3.us-east-1.amazonaws.com/data/a"},
           Row{"China", aws, "data", "a", "cn-north-1", "https://data.s3.cn-north-1.amazonaws.com.cn/a"},
           Row{"Europe's own", aws, "data", "a", "eusc-de-east-1", "https://data.s3.eusc-de-east-1.amazonaws.eu/a"},
           Row{"iso", aws, "data", "a", "us-iso-east-1", "https://data.s3.us-iso-east-1.c2s.ic.gov/a"},
           Row{"iso-b", aws, "data", "a", "us-isob-east-1", "https://data.s3.us-isob-east-1.sc2s.sgov.gov/a"},
           Row{"iso-e", aws, "data", "a", "eu-isoe-west-1", "https://data.s3.eu-isoe-west-1.cloud.adc-e.uk/a"},
           Row{"iso-f", aws, "data", "a", "us-isof-south-1", "https://data.s3.us-isof-south-1.csp.hci.ic.gov/a"},
           Row{"government", aws, "data", "a", "us-gov-west-1", "https://data.s3.us-gov-west-1.amazonaws.com/a"},
           Row{"other server", other, "data", "a/b", "us-east-1", "http://localhost:9000/data/a/b"},
           Row{"other server, bucket alone", other, "data", "", "us-east-1", "http://localhost:9000/data"},
           Row{"other server, host on demand",
               {.endpoint = "https://s3.test", .style = AddressStyle::kHost},
               "data",
               "a",
               "x",
               "https://data.s3.test/a"},
           Row{"below a path", {.endpoint = "https://h/s3"}, "data", "a", "x", "https://h/s3/data/a"},
           Row{"odd key", other, "b", "a b/\xc3\xa9?#%=&+*'()~:@,;$[]", "x",
               "http://localhost:9000/b/a%20b/%C3%A9%3F%23%25%3D%26%2B%2A%27%28%29~%3A%40%2C%3B%24%5B%5D"},
           Row{"slashes and dots stay", other, "b", "/a//../b/", "x", "http://localhost:9000/b//a//../b/"},
       }) {
    EXPECT_EQ(object_url(row.options, row.bucket, row.key, row.region), row.url) << row.name;
  }
}

TEST(ParseS3Url, TakesKeysAsTheyAre) {
  struct Row {
    const char* url;
    ObjectName name;
  };
  for (const Row& row : {
           Row{"s3://b/k", {"b", "k"}},
           Row{"s3://b", {"b", ""}},
           Row{"s3://b/", {"b", ""}},
           Row{"s3://my.b-u_C/a//b%20c?d#e", {"my.b-u_C", "a//b%20c?d#e"}},
       }) {
    auto name = parse_s3_url(row.url);
    ASSERT_TRUE(name.ok()) << row.url;
    EXPECT_EQ(name.value(), row.name) << row.url;
  }
  EXPECT_EQ(format_s3_url("b", "a/k"), "s3://b/a/k");
}

TEST(ParseS3Url, SaysWhatIsWrong) {
  struct Row {
    const char* url;
    const char* message;
  };
  for (const Row& row : {
           Row{"s3:/b/k", "is not a name of the form s3://bucket/key"},
           Row{"", "is not a name of the form"},
           Row{"s3://AKID:SEC/RET@bucket/k", "s3://…@bucket/k: there may be keys before the @"},
           Row{"s3:///k", "the name of the bucket is missing"},
           Row{"s3://", "the name of the bucket is missing"},
           Row{"s3://..", "cannot be the name of a bucket"},
           Row{"s3://b+evil/k", "it may have letters, digits"},
           Row{"s3://b*/k", "a pattern may begin behind the bucket's name"},
       }) {
    auto name = parse_s3_url(row.url);
    ASSERT_FALSE(name.ok()) << row.url;
    EXPECT_EQ(name.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(name.error().message, HasSubstr(row.message));
  }
}

TEST(CheckAddressOptions, TakesOnlyPlainUrls) {
  for (const char* good : {"", "http://localhost:9000", "https://s3.test/", "https://h/s3"}) {
    EXPECT_TRUE(check_address_options({.endpoint = good}).ok()) << good;
  }
  for (const char* bad :
       {"localhost:9000", "ftp://host", "http://", "https://u:p@host", "https://h?x", "https://h#x"}) {
    auto outcome = check_address_options({.endpoint = bad});
    ASSERT_FALSE(outcome.ok()) << bad;
    EXPECT_EQ(outcome.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(outcome.error().message, testing::Not(HasSubstr(":p@")));
  }
}

TEST(CheckRegion, KeepsHostsWhatTheyAre) {
  EXPECT_TRUE(check_region("eu-central-1").ok());
  EXPECT_TRUE(check_region("RegionOne").ok());
  for (const char* bad : {"", "a.b", "x/y", "a b", "evil.com#"}) EXPECT_FALSE(check_region(bad).ok()) << bad;
}

}  // namespace
}  // namespace quern::s3
