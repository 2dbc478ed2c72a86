#include "app/group/group_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern::app {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Steady = std::chrono::steady_clock;

class Notes final : public GroupSink {
 public:
  void creating(std::size_t, std::size_t) override {}
  void note(event::Level, const std::string& text) override { said.push_back(text); }
  void found(const WatchedGroup&) override {}
  void looked(const WatchedGroup&, const std::vector<std::size_t>&) override {}
  void tick(const WatchedGroup&) override {}
  void finish() override {}

  std::vector<std::string> said;
};

TEST(Outages, AreToldOfOnceAndWhenTheyEnd) {
  Notes notes;
  Outages outages(notes, std::chrono::minutes(5));
  const Error why{.kind = ErrorKind::kRetry, .message = "no answer"};
  const auto now = Steady::now();
  outages.waits("https://a", why, now, now);
  outages.serves("https://a");
  outages.serves("https://b");
  EXPECT_THAT(notes.said, IsEmpty()) << "a moment only";
  outages.waits("https://a", why, now - seconds(60), now);
  outages.waits("https://a", why, now, now);
  EXPECT_THAT(notes.said, ElementsAre("https://a is busy or away, and is asked again for up to 5m: no answer"));
  outages.serves("https://a");
  EXPECT_THAT(notes.said.back(), HasSubstr("https://a answers again, after 60 seconds"));
  outages.waits("https://a", why, now - seconds(3), now);
  EXPECT_EQ(notes.said.size(), 3U);
}

// Such a pause may be requested by a server.
TEST(Outages, AreToldOfBeforeALongPause) {
  Notes notes;
  Outages outages(notes, std::chrono::minutes(5));
  const Error why{.kind = ErrorKind::kRetry, .message = "no answer"};
  outages.waits("https://a", why, Steady::now(), Steady::now() + seconds(20));
  EXPECT_EQ(notes.said.size(), 1U);
}

}  // namespace
}  // namespace quern::app
