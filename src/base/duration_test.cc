#include "base/duration.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

using std::chrono::milliseconds;

TEST(ParseDuration, TakesWhatPeopleWrite) {
  struct Row {
    const char* text;
    std::int64_t milliseconds;
  };
  for (const Row& row : {Row{"2h", 7'200'000},
                         {"90s", 90'000},
                         {"1h30m", 5'400'000},
                         {"1h 30 min", 5'400'000},
                         {"500ms", 500},
                         {"3600", 3'600'000},
                         {"0", 0},
                         {"0.5", 500},
                         {"1.5 hours", 5'400'000},
                         {"1d", 86'400'000},
                         {"2 Days 1S", 172'801'000}}) {
    auto duration = parse_duration(row.text);
    ASSERT_TRUE(duration.ok()) << row.text;
    EXPECT_EQ(duration.value().count(), row.milliseconds) << row.text;
  }
}

TEST(ParseDuration, RefusesTheRest) {
  for (const char* text : {"", " ", "h", "-1s", "1:30", "1 parsec", "10 20", "1h30", "1e3s", "s1", "inf", "nan",
                           "4000d", "0.1ms", "99999999999999999999h", "1h,30m"}) {
    auto duration = parse_duration(text);
    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_EQ(duration.error().kind, ErrorKind::kBadConfig);
  }
}

TEST(FormatDuration, IsReadBackAsTheSame) {
  EXPECT_EQ(format_duration(milliseconds(7'200'000)), "2h");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "1m30s");
  EXPECT_EQ(format_duration(milliseconds(0)), "0s");
  for (std::int64_t count : {1LL, 999LL, 1000LL, 61'001LL, 3'600'000LL, 86'400'123LL, 315'360'000'000LL}) {
    auto duration = parse_duration(format_duration(milliseconds(count)));
    ASSERT_TRUE(duration.ok()) << count;
    EXPECT_EQ(duration.value().count(), count);
  }
}

}  // namespace
}  // namespace quern
