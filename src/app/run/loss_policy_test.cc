#include "app/run/loss_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace quern::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A policy for the inputs "a", "b" and "c". Those in `damaged` turn out to be so when they are verified.
class LossPolicyTest : public testing::Test {
 protected:
  LossPolicyTest() {
    for (const char* name : {"a", "b", "c"}) inputs.push_back({.name = name, .path = name});
  }
  Result<void> verify(InputOrdinal input, const std::stop_token& stop_verifying) {
    verified.push_back(input);
    if (while_verifying) while_verifying();
    if (stop_verifying.stop_requested()) return stopped();
    return damaged.contains(input) ? Result<void>(Error{.kind = ErrorKind::kBadInput}) : Result<void>();
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
  std::vector<Input> inputs;
  std::set<InputOrdinal> damaged;
  std::vector<InputOrdinal> verified;
  std::function<void()> while_verifying;
  std::stop_source stop;
  LossPolicy policy{limits, inputs,
                    [this](InputOrdinal input, const std::stop_token& token) { return verify(input, token); }, stop};
};

TEST_F(LossPolicyTest, EndsAtTheFirstBadRecordWithoutReadingItsInputAgain) {
  bad(1, 7);
  EXPECT_THAT(failure(), StartsWith("b, record 7 is bad: no good; limits.bad_records allows none"));
  EXPECT_TRUE(verified.empty());
}

TEST_F(LossPolicyTest, NamesTheFirstOfTheBadRecordsThatAreKnownAtTheEnd) {
  limits.bad_records = 1;
  bad(1, 7);
  EXPECT_EQ(failure(), "");
  bad(1, 5);
  EXPECT_THAT(failure(), StartsWith("b, record 5 is bad"));
  bad(0, 1400002);
  bad(2, 1);
  EXPECT_THAT(failure(), StartsWith("a, record 1400002 is bad"));
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
  limits.failed_inputs = 1;
  EXPECT_FALSE(policy.would_end(3));
}

TEST_F(LossPolicyTest, DoesNotCountBadRecordsOfAnInputThatFails) {
  limits.failed_inputs = 1;
  limits.bad_records = 2;
  bad(0, 1);
  bad(0, 2);
  policy.emit(event::InputFailed{.input = 0, .error = {.message = "truncated"}});
  bad(0, 3);
  bad(1, 1);
  bad(1, 2);
  EXPECT_EQ(failure(), "");
  policy.emit(event::InputFailed{.input = 2, .error = {.message = "truncated"}});
  EXPECT_EQ(failure(), "c failed: truncated; limits.failed_inputs allows no more than 1");
}

TEST_F(LossPolicyTest, ReadsAnInputAgainBeforeItsBadRecordsEndTheRun) {
  limits.failed_inputs = 1;
  damaged = {0};
  bad(1, 3);
  EXPECT_THAT(failure(), StartsWith("b, record 3"));
  EXPECT_THAT(verified, testing::ElementsAre(1));
}

TEST_F(LossPolicyTest, GoesOnWhereTheInputProvesDamaged) {
  limits.failed_inputs = 1;
  damaged = {0};
  bad(0, 3);
  bad(0, 4);
  EXPECT_EQ(failure(), "");
  EXPECT_THAT(verified, testing::ElementsAre(0));
  bad(1, 9);
  EXPECT_THAT(failure(), StartsWith("b, record 9"));
}

TEST_F(LossPolicyTest, NeedsNoSecondReadingOnceTheInputIsDecodedToItsEnd) {
  limits.failed_inputs = 1;
  limits.bad_records = 1;
  bad(0, 3);
  policy.emit(event::InputDecoded{.input = 0});
  policy.emit(event::InputDecoded{.input = 1});
  bad(1, 3);
  EXPECT_THAT(failure(), StartsWith("a, record 3"));
  EXPECT_TRUE(verified.empty());
}

TEST_F(LossPolicyTest, HoldsNobodyUpWhileOneThreadReadsAgain) {
  limits.failed_inputs = 1;
  while_verifying = [this] {
    if (verified.size() > 1) return;
    // A bad record from another mapper, and the end of its input.
    std::jthread([this] {
      bad(1, 1);
      policy.emit(event::InputDecoded{.input = 2});
    }).join();
  };
  damaged = {0};
  bad(0, 1);
  EXPECT_THAT(failure(), StartsWith("b, record 1"));
  EXPECT_THAT(verified, testing::ElementsAre(0, 1));
}

TEST_F(LossPolicyTest, StopsReadingAgainWhenTheRunIsStopped) {
  limits.failed_inputs = 1;
  while_verifying = [this] { stop.request_stop(); };
  bad(0, 1);
  EXPECT_FALSE(policy.failure().has_value());
  EXPECT_EQ(verified.size(), 1u);
}

TEST_F(LossPolicyTest, HoldsTheSumOfAllTasksToTheLimits) {
  limits.bad_records = 5;
  policy.carry(5, 0);
  EXPECT_EQ(failure(), "");
  bad(2, 1);
  EXPECT_THAT(failure(), HasSubstr("c, record 1 is bad: no good; limits.bad_records allows no more than 5"));
}

TEST_F(LossPolicyTest, KeepsTheFirstFailure) {
  policy.fail({.message = "the disk is full"});
  bad(0, 1);
  EXPECT_EQ(failure(), "the disk is full");
}

}  // namespace
}  // namespace quern::app
