#include "base/utc_time.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

using std::chrono::seconds;

UtcTime at(long long since_1970) { return UtcTime(seconds(since_1970)); }

TEST(UtcTime, ReadsWhatItIs) {
  struct Row {
    const char* text;
    long long since_1970;
  };
  for (const Row& row : {Row{"1970-01-01T00:00:00Z", 0}, Row{"2015-08-30T12:36:00Z", 1440938160},
                         Row{"2015-08-30T12:36:00.999Z", 1440938160}, Row{"2015-08-30T14:36:00+02:00", 1440938160},
                         Row{"2015-08-30T07:06:00-05:30", 1440938160}, Row{"2016-12-31T23:59:60Z", 1483228800},
                         Row{"2024-02-29T00:00:00+00:00", 1709164800}}) {
    auto time = parse_utc(row.text);
    ASSERT_TRUE(time.has_value()) << row.text;
    EXPECT_EQ(*time, at(row.since_1970)) << row.text;
  }
}

TEST(UtcTime, KeepsAFractionWhereItIsWanted) {
  const UtcTime second = at(1440938160);
  EXPECT_EQ(parse_utc_exactly("2015-08-30T12:36:00Z"), second);
  EXPECT_EQ(parse_utc_exactly("2015-08-30T12:36:00.123Z"), second + std::chrono::milliseconds(123));
  EXPECT_EQ(parse_utc_exactly("2015-08-30T14:36:00.07+02:00"), second + std::chrono::milliseconds(70));
  EXPECT_EQ(parse_utc_exactly("2015-08-30T12:36:00.1234567899Z"), second + std::chrono::nanoseconds(123456789));
  EXPECT_EQ(parse_utc("1969-12-31T23:59:59.5Z"), at(-1));
  EXPECT_FALSE(parse_utc_exactly("2015-08-30T12:36:00.Z").has_value());
}

TEST(UtcTime, RefusesWhatItIsNot) {
  for (const char* text :
       {"", "now", "2015-08-30", "2015-08-30T12:36:00", "2015-08-30 12:36:00Z", "2015-02-29T00:00:00Z",
        "2015-13-01T00:00:00Z", "2015-00-01T00:00:00Z", "2015-08-30T24:00:00Z", "2015-08-30T12:60:00Z",
        "2015-08-30T12:36:61Z", "2015-08-30T12:36:00.Z", "2015-08-30T12:36:00+0200", "2015-08-30T12:36:00+24:00",
        "2015-08-30T12:36:00ZZ", "2015-8-30T12:36:00Z", "9999-08-30T12:36:00Z", "0000-01-01T00:00:00Z", "1440938160"}) {
    EXPECT_FALSE(parse_utc(text).has_value()) << text;
  }
}

TEST(UtcTime, WritesWhatItReads) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2015-08-30T12:36:00Z", "2199-12-31T23:59:59Z"}) {
    EXPECT_EQ(format_utc(*parse_utc(text)), text);
  }
}

TEST(RoughDuration, NamesTheUnitThatFits) {
  EXPECT_EQ(rough_duration(seconds(0)), "0 seconds");
  EXPECT_EQ(rough_duration(seconds(1)), "1 second");
  EXPECT_EQ(rough_duration(seconds(119)), "119 seconds");
  EXPECT_EQ(rough_duration(seconds(120)), "2 minutes");
  EXPECT_EQ(rough_duration(seconds(-3600)), "60 minutes");
  EXPECT_EQ(rough_duration(seconds(7200)), "2 hours");
  EXPECT_EQ(rough_duration(seconds(5 * 86400)), "5 days");
}

}  // namespace
}  // namespace quern
