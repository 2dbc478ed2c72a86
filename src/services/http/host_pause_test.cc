#include "services/http/host_pause.h"

#include <gtest/gtest.h>

#include "services/http/refusal.h"

namespace quern::http {
namespace {

using namespace std::chrono_literals;

// A clock that the test sets. The random number is 0.5, the middle of its range, so that a pause has its nominal
// length.
class HostPause : public ::testing::Test {
 protected:
  bool trouble(HostPauses::Time begun, bool is_away = false, std::optional<std::chrono::seconds> retry_after = {}) {
    return pauses_.troubled("http://a", {.begun = begun,
                                         .now = now_,
                                         .is_away = is_away,
                                         .retry_after = retry_after,
                                         .patience = 1min,
                                         .uniform = 0.5});
  }
  auto pause() const { return std::chrono::duration_cast<std::chrono::milliseconds>(pauses_.next("http://a") - now_); }

  HostPauses pauses_;
  HostPauses::Time now_ = HostPauses::Time(1h);
};

TEST_F(HostPause, DoublesWithEachAttemptThatWasBegunAfterTheLast) {
  trouble(now_ - 1s);
  EXPECT_EQ(pause(), 100ms);
  // These were in progress already.
  for (int i = 0; i < 7; ++i) trouble(now_ - 1s);
  EXPECT_EQ(pause(), 100ms);
  for (auto expected : {200ms, 400ms, 800ms, 1600ms, 3200ms, 4000ms, 4000ms}) {
    now_ = pauses_.next("http://a");
    trouble(now_, true);
    EXPECT_EQ(pause(), expected);
  }
  EXPECT_EQ(pauses_.next("http://b"), HostPauses::Time{});
}

TEST_F(HostPause, StaysShortWhereTheHostAnswers) {
  for (auto expected : {100ms, 125ms, 156ms, 195ms}) {
    trouble(now_);
    EXPECT_EQ(pause(), expected);
    now_ = pauses_.next("http://a");
  }
  for (int i = 0; i < 20; ++i) {
    trouble(now_);
    now_ = pauses_.next("http://a");
  }
  trouble(now_);
  EXPECT_EQ(pause(), 500ms);
}

TEST_F(HostPause, IsBetweenTheAttemptsOfAll) {
  trouble(now_);
  now_ += 100ms;
  pauses_.begun("http://a", now_, 0.5);
  EXPECT_EQ(pause(), 100ms);
  pauses_.begun("http://a", now_, 0);
  EXPECT_EQ(pause(), 50ms);
  pauses_.begun("http://b", now_, 0.5);
  EXPECT_EQ(pauses_.next("http://b"), HostPauses::Time{});
}

TEST_F(HostPause, IsAsLongAsTheHostAsksFor) {
  trouble(now_, false, 7s);
  EXPECT_EQ(pause(), 7s);
  trouble(now_, false, 24h);
  EXPECT_EQ(pause(), limits::kMaxRetryAfter);
}

TEST_F(HostPause, ShrinksWithWhatABusyHostServesAndEndsWhenOneIsBack) {
  trouble(now_);
  EXPECT_EQ(pause(), 100ms);
  pauses_.served("http://a");
  now_ += 1s;
  pauses_.begun("http://a", now_, 0.5);
  EXPECT_EQ(pause(), 75ms);
  for (int i = 0; i < 10; ++i) pauses_.served("http://a");
  EXPECT_LE(pauses_.next("http://a"), now_);

  trouble(now_, true);
  pauses_.served("http://a");
  EXPECT_LE(pauses_.next("http://a"), now_);
}

TEST_F(HostPause, EndsWhereThePatienceDoes) {
  EXPECT_FALSE(trouble(now_));
  now_ += 59s;
  EXPECT_FALSE(trouble(now_));
  now_ += 1s;
  EXPECT_TRUE(trouble(now_));
  // Exchanges do not wait for a host that was given up.
  EXPECT_LE(pauses_.next("http://a"), now_);
  EXPECT_TRUE(trouble(now_));
  pauses_.served("http://a");
  EXPECT_FALSE(trouble(now_));
}

TEST_F(HostPause, IsOfAHostWithItsPort) {
  EXPECT_EQ(host_of("HTTP://Example.org:81/A/b?c"), "http://example.org:81");
  EXPECT_EQ(host_of("https://example.org"), "https://example.org");
  EXPECT_EQ(host_of("https://[::1]:8080?x=http://y/z"), "https://[::1]:8080");
  EXPECT_EQ(host_of("no URL"), "");
}

}  // namespace
}  // namespace quern::http
