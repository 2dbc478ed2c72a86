#include "services/credentials/profile_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern::credentials {
namespace {

std::string shown(std::string_view text, ProfileFileKind kind) {
  auto properties = parse_profile_file(text, kind, "f");
  if (!properties.ok()) return properties.error().message;
  std::string result;
  for (const Property& one : properties.value()) {
    result += (one.is_of_services ? "services " : "") + one.profile + "." + one.name + "=" + std::string(one.value) +
              "@" + std::to_string(one.line) + "\n";
  }
  return result;
}

TEST(ProfileFile, IsReadAsOtherToolsReadIt) {
  struct Row {
    const char* what;
    ProfileFileKind kind;
    std::string text;
    std::string properties;
  };
  constexpr auto kCredentials = ProfileFileKind::kCredentials;
  constexpr auto kConfig = ProfileFileKind::kConfig;
  const std::vector<Row> rows = {
      {"nothing", kConfig, "", ""},
      {"comments", kConfig, "# a\n; b\n\n   \n\t# c\n", ""},
      {"two profiles", kCredentials, "[a]\nx=1\n[b]\ny = 2\n", "a.x=1@2\nb.y=2@4\n"},
      {"profiles of a config", kConfig,
       "[default]\na=1\n[profile b]\na=2\n[b]\na=3\n[sso-session b]\na=4\n[profiler]\na=5\n",
       "default.a=1@2\nb.a=2@4\n"},
      {"a profile of a credentials file", kCredentials, "[profile b]\na=1\n", "profile b.a=1@2\n"},
      {"quoted names", kConfig, "[profile \"my own\"]\na=1\n[profile 'x']\na=2\n", "my own.a=1@2\nx.a=2@4\n"},
      {"blanks", kConfig, "\t[ profile\t b ] # c\n a  =  1  \n", "b.a=1@2\n"},
      {"no end of line", kConfig, "[default]\na=1", "default.a=1@2\n"},
      {"DOS", kConfig, "[default]\r\na=1\r\n", "default.a=1@2\n"},
      {"byte order mark", kConfig, "\xef\xbb\xbf[default]\na=1\n", "default.a=1@2\n"},
      {"names in capitals", kConfig, "[default]\nAWS_Region=1\n", "default.aws_region=1@2\n"},
      {"values with marks", kCredentials, "[a]\nk=ab=c/d+e#f;g\n", "a.k=ab=c/d+e#f;g@2\n"},
      {"comments behind values", kConfig, "[default]\na=1 # x\nb=2\t;y\nc= # z\n",
       "default.a=1@2\ndefault.b=2@3\ndefault.c=@4\n"},
      {"properties within", kConfig, "[default]\ns3 =\n  max = 1\n  # x\n  nothing\nb=2\n",
       "default.s3=@2\ndefault.s3.max=1@3\ndefault.b=2@6\n"},
      {"an indented section", kConfig, "[default]\n  a=1\n  b=2\n   c=3\n",
       "default.a=1@2\ndefault.b=2@3\ndefault.b.c=3@4\n"},
      {"twice", kConfig, "[default]\na=1\na=2\n[default]\na=3\n", "default.a=1@2\ndefault.a=2@3\ndefault.a=3@5\n"},
      {"odd lines elsewhere", kConfig, "[sso-session x]\na=1\n", ""},
      {"services", kConfig, "[services x]\ns3 = \n  endpoint_url = http://h\n[services]\na=1\n",
       "services x.s3=@2\nservices x.s3.endpoint_url=http://h@3\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(shown(row.text, row.kind), row.properties) << row.what;
}

TEST(ProfileFile, SaysWhichLineIsWrong) {
  struct Row {
    std::string text;
    std::string message;
  };
  const std::vector<Row> rows = {
      {"a=1\n", "f:1: it is before the first section; put [default] before it"},
      {"[default]\n\nsecret\n", "f:3: it is neither a [section] nor name = value"},
      {"[default\n", "f:1: a section's name ends with ]"},
      {"[ ]\n", "f:1: a section has no name"},
      {"[a] b\n", "f:1: there is something behind the ]"},
      {"[a]\n= secret\n", "f:2: there is no name before the ="},
      {std::string("[a]\nb=\0\n", 8), "f:2: there is a zero byte; is this a text file?"},
  };
  for (const Row& row : rows) EXPECT_EQ(shown(row.text, ProfileFileKind::kCredentials), row.message);
}

}  // namespace
}  // namespace quern::credentials
