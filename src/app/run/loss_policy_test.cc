#include "app/run/loss_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A policy for the inputs "a", "b" and "c".
class LossPolicyTest : public testing::Test {
 protected:
  LossPolicyTest() {
    for (const char* name : {"a", "b", "c"}) inputs.append({.name = name, .path = name});
  }
  void bad(InputOrdinal input, std::uint64_t line) {
    policy.emit(event::RecordBad{.input = input, .line = line, .reason = "no good"});
  }
  std::string failure() {
    auto error = policy.failure();
    EXPECT_EQ(error.has_value(), stop.stop_requested());
    return error.has_value() ? error->message : "";
  }

  JobLimits limits;
  PackedInputs inputs;
  std::stop_source stop;
  LossPolicy policy{limits, inputs, stop};
};

TEST_F(LossPolicyTest, EndsAtTheFirstBadRecordBeyondTheLimit) {
  bad(1, 7);
  EXPECT_THAT(failure(), StartsWith("b, line 7 is bad: no good; limits.bad_records allows none"));
}

TEST_F(LossPolicyTest, NamesTheFirstOfTheBadRecordsThatAreKnownAtTheEnd) {
  limits.bad_records = 1;
  bad(1, 7);
  EXPECT_EQ(failure(), "");
  bad(1, 5);
  EXPECT_THAT(failure(), StartsWith("b, line 5 is bad"));
  bad(0, 1400002);
  bad(2, 1);
  EXPECT_THAT(failure(), StartsWith("a, line 1400002 is bad"));
}

TEST_F(LossPolicyTest, NamesTheFirstOfTheBadGroupsThatAreKnownAtTheEnd) {
  limits.bad_records = 1;
  bad(0, 1);
  policy.emit(event::GroupBad{.key = "m"});
  policy.emit(event::GroupBad{.key = "k"});
  EXPECT_THAT(failure(), HasSubstr("key 'k' is bad"));
}

TEST_F(LossPolicyTest, KnowsWhatWouldEndTheRun) {
  limits.bad_records = 3;
  bad(0, 1);
  EXPECT_FALSE(policy.would_end(2));
  EXPECT_TRUE(policy.would_end(3));
}

TEST_F(LossPolicyTest, EndsAtTheFirstFailedInputBeyondTheLimit) {
  limits.failed_inputs = 1;
  policy.emit(event::InputFailed{.input = 0, .error = {.message = "truncated"}});
  EXPECT_EQ(failure(), "");
  policy.emit(event::InputFailed{.input = 2, .error = {.message = "truncated"}});
  EXPECT_EQ(failure(), "c failed: truncated; limits.failed_inputs allows no more than 1");
}

TEST_F(LossPolicyTest, EndsAtAnInputThatFailsAfterSomeOfItWasMapped) {
  limits.failed_inputs = 9;
  policy.emit(event::InputFailed{.input = 1, .error = {.message = "truncated"}, .was_begun = true});
  EXPECT_EQ(failure(), "b failed: truncated; it has changed since it was verified, so start the job again");
}

TEST_F(LossPolicyTest, HoldsTheSumOfAllTasksToTheLimits) {
  limits.bad_records = 5;
  policy.carry(5, 0);
  EXPECT_EQ(failure(), "");
  bad(2, 1);
  EXPECT_THAT(failure(), HasSubstr("c, line 1 is bad: no good; limits.bad_records allows no more than 5"));
}

TEST_F(LossPolicyTest, KeepsTheFirstFailure) {
  policy.fail({.message = "the disk is full"});
  bad(0, 1);
  EXPECT_EQ(failure(), "the disk is full");
}

}  // namespace
}  // namespace quern::app
