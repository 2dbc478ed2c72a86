#include "app/doctor/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::app::doctor {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(ManifestUrl, IsWhereDockerAsks) {
  struct Row {
    std::string text;
    std::string url;
  };
  for (const Row& row : {
           Row{"debian", "https://registry-1.docker.io/v2/library/debian/manifests/latest"},
           Row{"debian:12", "https://registry-1.docker.io/v2/library/debian/manifests/12"},
           Row{"someone/tool:v1.2_x", "https://registry-1.docker.io/v2/someone/tool/manifests/v1.2_x"},
           Row{"docker.io/library/debian", "https://registry-1.docker.io/v2/library/debian/manifests/latest"},
           Row{"ghcr.io/a/b/c:1", "https://ghcr.io/v2/a/b/c/manifests/1"},
           Row{"host:5000/x", "https://host:5000/v2/x/manifests/latest"},
           Row{"localhost/x:1", "http://localhost/v2/x/manifests/1"},
           Row{"localhost:5000/x:1", "http://localhost:5000/v2/x/manifests/1"},
           Row{"127.0.0.1:5000/quern", "http://127.0.0.1:5000/v2/quern/manifests/latest"},
           Row{"[::1]:5000/quern", "http://[::1]:5000/v2/quern/manifests/latest"},
           Row{"ghcr.io/a/b@" + kDigest, "https://ghcr.io/v2/a/b/manifests/" + kDigest},
           Row{"ghcr.io/a/b:1@" + kDigest, "https://ghcr.io/v2/a/b/manifests/" + kDigest},
       }) {
    auto name = parse_image_name(row.text);
    ASSERT_TRUE(name.ok()) << row.text << ": " << name.error().message;
    EXPECT_EQ(manifest_url(name.value()), row.url) << row.text;
  }
}

TEST(TokenChallenge, IsWhatRegistriesSend) {
  auto hub = parse_token_challenge(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull")");
  ASSERT_TRUE(hub.has_value());
  EXPECT_EQ(hub->realm, "https://auth.docker.io/token");
  EXPECT_EQ(hub->service, "registry.docker.io");
  EXPECT_EQ(hub->scope, "repository:library/debian:pull");
  auto bare = parse_token_challenge("bearer realm=https://a.example/t, service=x");
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->realm, "https://a.example/t");
  EXPECT_EQ(bare->service, "x");
  EXPECT_EQ(bare->scope, "");
  for (const char* text :
       {"", "Bearer", "Bearer ", "Basic realm=\"x\"", "Bearer service=\"x\"", "Bearer xrealm=\"x\""}) {
    EXPECT_FALSE(parse_token_challenge(text).has_value()) << text;
  }
  EXPECT_EQ(parse_token_challenge("Bearer realm=\"never ends")->realm, "never ends");
}

TEST(TokenUrl, AsksForThePullOfTheRepository) {
  const ImageName name = parse_image_name("ghcr.io/a/b:1").value();
  EXPECT_EQ(token_url({.realm = "https://ghcr.io/token", .service = "ghcr.io", .scope = ""}, name).value(),
            "https://ghcr.io/token?service=ghcr.io&scope=repository%3Aa%2Fb%3Apull");
  EXPECT_EQ(token_url({.realm = "https://ghcr.io/token?x=1", .service = "", .scope = "s t"}, name).value(),
            "https://ghcr.io/token?x=1&scope=s%20t");
  for (const char* realm : {"file:///etc/passwd", "ghcr.io/token", "https://user:pass@x/"}) {
    EXPECT_FALSE(token_url({.realm = realm, .service = "", .scope = ""}, name).ok()) << realm;
  }
}

}  // namespace
}  // namespace quern::app::doctor
