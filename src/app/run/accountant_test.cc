#include "app/run/accountant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace quern::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::Pair;

InputList named_inputs(const std::vector<std::string>& names) {
  InputList list;
  for (const std::string& name : names) list.inputs.append({.name = name, .path = name});
  return list;
}

Error damaged(const std::string& message) { return {.kind = ErrorKind::kBadInput, .message = message}; }

void expect_balance(const Accounting& accounting) {
  EXPECT_EQ(accounting.inputs_found, accounting.inputs_mapped + accounting.inputs_failed + accounting.inputs_skipped);
  EXPECT_EQ(accounting.records_read, accounting.records_mapped + accounting.records_bad);
}

TEST(Accountant, BalancesARunWithGoodDamagedEmptyAndPackedInputs) {
  InputList inputs = named_inputs({"big", "damaged", "empty", "small 1", "small 2", "missing"});
  Accountant accountant(inputs);
  accountant.emit(event::BlockMapped{.first_input = 0, .last_input = 0, .records = 100, .output_bytes = 40});
  accountant.emit(event::InputFailed{.input = 5, .error = damaged("missing")});
  accountant.emit(event::InputFailed{.input = 1, .error = damaged("truncated")});
  accountant.emit(event::RecordBad{.input = 0, .line = 7});
  accountant.emit(event::BlockMapped{.first_input = 0, .last_input = 0, .records = 99, .bad = 1, .output_bytes = 40});
  accountant.emit(event::InputDecoded{.input = 0, .blocks = 2});
  accountant.emit(event::InputDecoded{.input = 2, .blocks = 0});
  accountant.emit(event::InputDecoded{.input = 3, .blocks = 1});
  accountant.emit(event::InputDecoded{.input = 4, .blocks = 0});
  accountant.emit(event::BlockMapped{.first_input = 3, .last_input = 4, .records = 10});

  Accounting accounting = accountant.finish({.outcome = Outcome::kDone, .result = "result.txt", .result_bytes = 80});
  expect_balance(accounting);
  EXPECT_EQ(accounting.outcome, Outcome::kDoneWithLosses);
  EXPECT_EQ(accounting.inputs_mapped, 4u);
  EXPECT_EQ(accounting.inputs_failed, 2u);
  EXPECT_EQ(accounting.inputs_skipped, 0u);
  EXPECT_EQ(accounting.records_mapped, 209u);
  EXPECT_EQ(accounting.records_bad, 1u);
  EXPECT_EQ(accounting.mapped_output_bytes, 80u);
  ASSERT_EQ(accounting.failed_inputs.size(), 2u);
  EXPECT_EQ(accounting.failed_inputs[0].name, "damaged");
  EXPECT_EQ(accounting.failed_inputs[0].error.message, "truncated");
  EXPECT_EQ(accounting.failed_inputs[1].name, "missing");
}

TEST(Accountant, CountsAsSkippedWhatAStoppedRunDidNotReach) {
  InputList inputs = named_inputs({"a", "b", "c", "d"});
  Accountant accountant(inputs);
  accountant.emit(event::InputDecoded{.input = 0, .blocks = 1});
  accountant.emit(event::BlockMapped{.first_input = 0, .last_input = 0, .records = 5});
  accountant.emit(event::BlockMapped{.first_input = 1, .last_input = 1, .records = 3});
  accountant.emit(event::InputDecoded{.input = 2, .blocks = 1});
  Accounting accounting = accountant.finish({.outcome = Outcome::kStopped, .failure = "stopped by Ctrl-C"});
  expect_balance(accounting);
  EXPECT_EQ(accounting.outcome, Outcome::kStopped);
  EXPECT_EQ(accounting.failure, "stopped by Ctrl-C");
  EXPECT_EQ(accounting.inputs_mapped, 1u);
  EXPECT_EQ(accounting.inputs_skipped, 3u);
  EXPECT_EQ(accounting.records_mapped, 8u);
}

TEST(Accountant, IsDoneWithoutLossesOnlyWhenEverythingCounted) {
  InputList inputs = named_inputs({"a"});
  struct Row {
    const char* name;
    std::vector<event::Event> events;
    Outcome outcome;
  };
  event::InputDecoded decoded{.input = 0, .blocks = 1};
  event::BlockMapped mapped{.records = 1};
  for (const Row& row :
       std::vector<Row>{{"all mapped", {decoded, mapped}, Outcome::kDone},
                        {"never decoded", {mapped}, Outcome::kDoneWithLosses},
                        {"bad record", {decoded, mapped, event::RecordBad{}}, Outcome::kDoneWithLosses},
                        {"bad group", {decoded, mapped, event::GroupBad{}}, Outcome::kDoneWithLosses}}) {
    Accountant accountant(inputs);
    for (const event::Event& event : row.events) accountant.emit(event);
    EXPECT_EQ(accountant.finish({.outcome = Outcome::kDone}).outcome, row.outcome) << row.name;
  }
}

TEST(Accountant, AddsUpCountersAndKeepsTheirNumberBounded) {
  InputList inputs;
  Accountant accountant(inputs);
  accountant.emit(event::Counted{.group = "g", .name = "n", .amount = 2});
  accountant.emit(event::Counted{.group = "g", .name = "n", .amount = -5});
  accountant.emit(event::Counted{.group = "g", .name = "m", .amount = 1});
  Accounting accounting = accountant.finish({.outcome = Outcome::kDone});
  EXPECT_THAT(accounting.counters, ElementsAre(Pair(Pair("g", "m"), 1), Pair(Pair("g", "n"), -3)));

  Accountant flooded(inputs);
  for (std::size_t i = 0; i < limits::kMaxCounters + 5; ++i) {
    flooded.emit(event::Counted{.group = "g", .name = std::to_string(i), .amount = 1});
  }
  accounting = flooded.finish({.outcome = Outcome::kDone});
  EXPECT_EQ(accounting.counters.size(), limits::kMaxCounters + 1);
  EXPECT_EQ((accounting.counters[{"quern", "counted under further names"}]), 5);
}

TEST(Accountant, TimesPhasesAlsoWhereTheRunBrokeOffInOne) {
  InputList inputs;
  ClockTime now{};
  Accountant accountant(inputs, [&] { return now; });
  accountant.emit(event::PhaseStarted{event::Phase::kInputs});
  accountant.emit(event::PhaseEnded{.phase = event::Phase::kInputs, .elapsed = milliseconds(10)});
  now += seconds(1);
  accountant.emit(event::PhaseStarted{event::Phase::kMap});
  now += seconds(4);
  Accounting accounting = accountant.finish({.outcome = Outcome::kFailed});
  EXPECT_THAT(accounting.phases, ElementsAre(Pair("inputs", milliseconds(10)), Pair("map", seconds(4))));
  EXPECT_EQ(accounting.elapsed, seconds(5));
}

TEST(Accountant, TakesEventsFromManyThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr std::uint32_t kInputsEach = 500;
  InputList inputs;
  for (std::uint32_t i = 0; i < kThreads * kInputsEach; ++i) inputs.inputs.append({});
  Accountant accountant(inputs);
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&accountant, thread] {
        for (std::uint32_t i = thread * kInputsEach; i < (thread + 1) * kInputsEach; ++i) {
          accountant.emit(event::BlockMapped{.first_input = i, .last_input = i, .records = 2});
          accountant.emit(event::InputDecoded{.input = i, .blocks = 1});
        }
      });
    }
  }
  Accounting accounting = accountant.finish({.outcome = Outcome::kDone});
  EXPECT_EQ(accounting.outcome, Outcome::kDone);
  EXPECT_EQ(accounting.inputs_mapped, inputs.inputs.size());
  EXPECT_EQ(accounting.records_mapped, 2 * inputs.inputs.size());
}

}  // namespace
}  // namespace quern::app
