#include "model/image_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace quern {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(ImageName, IsTakenApart) {
  struct Row {
    std::string text;
    std::string registry;
    std::string repository;
    std::string reference;
  };
  for (const Row& row : std::vector<Row>{
           {"debian", "docker.io", "library/debian", "latest"},
           {"docker.io/debian", "docker.io", "library/debian", "latest"},
           {"index.docker.io/a/b:1", "docker.io", "a/b", "1"},
           {"someone/tool:v1.2_x", "docker.io", "someone/tool", "v1.2_x"},
           {"ghcr.io/a/b_c/d__e/f.g/h--i:1", "ghcr.io", "a/b_c/d__e/f.g/h--i", "1"},
           {"Registry/a", "Registry", "a", "latest"},
           {"localhost/x:1", "localhost", "x", "1"},
           {"host:5000/x:_1", "host:5000", "x", "_1"},
           {"[2001:DB8::1]:5000/quern", "[2001:DB8::1]:5000", "quern", "latest"},
           {"[::1]/quern", "[::1]", "quern", "latest"},
           {"ghcr.io/a:1@" + kDigest, "ghcr.io", "a", kDigest},
           {"a@sha512:" + std::string(128, '0'), "docker.io", "library/a", "sha512:" + std::string(128, '0')},
           {"a:" + std::string(128, 'x'), "docker.io", "library/a", std::string(128, 'x')},
           {std::string(64, 'a') + ":1", "docker.io", "library/" + std::string(64, 'a'), "1"},
       }) {
    auto name = parse_image_name(row.text);
    ASSERT_TRUE(name.ok()) << row.text << ": " << name.error().message;
    EXPECT_EQ(name.value().registry, row.registry) << row.text;
    EXPECT_EQ(name.value().repository, row.repository) << row.text;
    EXPECT_EQ(name.value().reference(), row.reference) << row.text;
  }
}

// Each of these would end a task with the exception internal-error.
TEST(ImageName, IsRefusedWhereWorkersRefuseIt) {
  for (const std::string& text : std::vector<std::string>{"",
                                                          "Debian",
                                                          "a//b",
                                                          "a/",
                                                          "/a",
                                                          "a:",
                                                          "a:b c",
                                                          "a:" + std::string(129, 'x'),
                                                          "-a",
                                                          "a@sha256:12",
                                                          "a@",
                                                          "a@:1234",
                                                          "ho%st.x/a",
                                                          "a.b/c?d",
                                                          "a/../b",
                                                          "a:-b",
                                                          "registry.example.com/Quern:1",
                                                          "quern:tag:two",
                                                          "quern@sha256:abc",
                                                          "a@b@c",
                                                          "quern-:1",
                                                          "quern_:1",
                                                          "a..b",
                                                          "a.-b",
                                                          "a___b",
                                                          "a._b",
                                                          "host:/a",
                                                          "host:x/a",
                                                          "-host.x/a",
                                                          "host-.x/a",
                                                          "host..x/a",
                                                          "[::1/a",
                                                          "[]/a",
                                                          "[::g]/a",
                                                          "a@" + kDigest + "0",
                                                          "a@sha256:" + std::string(64, 'A'),
                                                          "a@md5:" + std::string(32, 'a'),
                                                          std::string(64, 'a'),
                                                          std::string(256, 'a'),
                                                          "a b",
                                                          "\xc3\xa4"}) {
    auto name = parse_image_name(text);
    ASSERT_FALSE(name.ok()) << text;
    EXPECT_EQ(name.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(name.error().message, testing::HasSubstr("is not the name of an image")) << text;
  }
}

}  // namespace
}  // namespace quern
