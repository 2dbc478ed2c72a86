#include "services/http/redirects.h"

#include <gmock/gmock.h>

namespace quern::http {
namespace {

using ::testing::HasSubstr;

Url url(std::string_view text) { return parse_url(text).value(); }

TEST(IsPrivateAddress, KnowsTheNetworksOfThisMachine) {
  for (const char* address :
       {"127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "::1", "::", "fe80::1%eth0", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1"}) {
    EXPECT_TRUE(is_private_address(address)) << address;
  }
  for (const char* address : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "169.253.0.1", "100.128.0.1", "2600::1",
                              "::ffff:8.8.8.8", "64:ff9b::808:808", "host", ""}) {
    EXPECT_FALSE(is_private_address(address)) << address;
  }
}

// The outcome of a request to `first`, connected to `first_address`, that is redirected to `second`, connected to
// `second_address`.
std::string outcome(const RedirectRules& rules, const Url& first, const char* first_address, const Url& second,
                    const char* second_address, int port = 80) {
  RedirectWatch watch(rules);
  watch.start();
  if (!watch.check_connection(first, first_address, port).ok()) return "the first one is refused";
  if (auto target = watch.check_target(first, second); !target.ok()) return "unseen: " + target.error().message;
  if (auto hop = watch.check_connection(second, second_address, port); !hop.ok()) return hop.error().message;
  return "followed";
}

TEST(RedirectWatch, LetsNoPublicServerLeadInside) {
  const RedirectRules rules;
  const Url far = url("http://far.example/a?secret");
  const char* public_address = "93.184.216.34";
  for (const char* inside :
       {"http://127.0.0.1/", "http://localhost/", "http://a.localhost/", "http://[::1]/", "http://127.1/",
        "http://0x7f000001/", "http://169.254.169.254/latest", "http://[fd00:ec2::254]/"}) {
    EXPECT_THAT(outcome(rules, far, public_address, url(inside), "127.0.0.1"), HasSubstr("unseen: redirected to"))
        << inside;
  }
  EXPECT_THAT(outcome(rules, far, public_address, url("http://rebound.example/b?secret"), "10.1.2.3"),
              testing::MatchesRegex("redirected to http://rebound.example/b, which is in this machine's own network.*"
                                    "downloads.private_redirects: yes allows it"));
  EXPECT_EQ(outcome(rules, far, public_address, url("http://other.example/"), "8.8.8.8"), "followed");
}

TEST(RedirectWatch, FollowsWithinTheOwnNetworkAndWhereItIsAllowed) {
  EXPECT_EQ(outcome({}, url("http://127.0.0.1/"), "127.0.0.1", url("http://10.0.0.1/"), "10.0.0.1"), "followed");
  EXPECT_EQ(outcome({}, url("http://intern/"), "10.0.0.1", url("http://intern2/"), "10.0.0.2"), "followed");
  EXPECT_EQ(outcome({.private_redirects = true}, url("http://far/"), "8.8.8.8", url("http://127.0.0.1/"), "127.0.0.1"),
            "followed");
}

TEST(RedirectWatch, TakesAProxysAddressForNobodysButItsOwn) {
  // The port is that of the proxy.
  const char* proxy = "10.0.0.9";
  EXPECT_EQ(outcome({}, url("http://far/"), proxy, url("http://other/"), proxy, 3128), "followed");
  EXPECT_THAT(outcome({}, url("http://far/"), proxy, url("http://169.254.169.254/"), proxy, 3128), HasSubstr("unseen"));
  EXPECT_EQ(outcome({}, url("http://127.0.0.1/"), proxy, url("http://10.0.0.1/"), proxy, 3128), "followed");
}

TEST(RedirectWatch, LetsNobodyLeadToTheProxyOfATask) {
  const RedirectRules rules{.task_proxy = url("http://taskcluster")};
  EXPECT_THAT(outcome(rules, url("http://10.0.0.1/"), "10.0.0.1", url("http://taskcluster/api"), "172.17.0.2"),
              HasSubstr("the proxy that signs requests"));
  EXPECT_EQ(outcome(rules, url("http://taskcluster/a"), "172.17.0.2", url("http://taskcluster/b"), "172.17.0.2"),
            "followed");
  EXPECT_EQ(outcome({.private_redirects = true, .task_proxy = rules.task_proxy}, url("http://10.0.0.1/"), "10.0.0.1",
                    url("http://taskcluster/api"), "172.17.0.2"),
            "followed");
}

}  // namespace
}  // namespace quern::http
