#include "model/progress.h"

#include <gtest/gtest.h>

namespace quern {
namespace {

using event::ChildState;
using std::chrono::seconds;

TEST(InputLedger, MapsAnInputWhenItsEndIsVerifiedAndAllItsBlocksAreMapped) {
  InputLedger ledger;
  ledger.block_mapped(0, 0, {.mapped = 10});
  ledger.decoded(0, 2);
  EXPECT_EQ(ledger.inputs_mapped(), 0u);
  ledger.block_mapped(0, 0, {.mapped = 5});
  EXPECT_EQ(ledger.inputs_mapped(), 1u);
  EXPECT_EQ(ledger.records().mapped, 15u);
}

TEST(InputLedger, MapsPackedInputsWhicheverEventComesFirst) {
  for (bool block_first : {true, false}) {
    InputLedger ledger;
    if (block_first) ledger.block_mapped(4, 6, {.mapped = 30});
    ledger.decoded(4, 1);
    ledger.decoded(5, 0);
    ledger.decoded(6, 0);
    if (!block_first) ledger.block_mapped(4, 6, {.mapped = 30});
    EXPECT_EQ(ledger.inputs_mapped(), 3u) << block_first;
    EXPECT_EQ(ledger.records().mapped, 30u) << block_first;
  }
}

TEST(InputLedger, LeavesFailedInputsOutOfThePackedBlockAroundThem) {
  InputLedger ledger;
  ledger.failed(0);
  ledger.decoded(1, 1);
  ledger.failed(2);
  ledger.decoded(3, 0);
  ledger.block_mapped(0, 3, {.mapped = 9});  // A batch named after its first input, before that input failed.
  ledger.block_mapped(1, 3, {.mapped = 9});
  EXPECT_EQ(ledger.inputs_mapped(), 2u);
  EXPECT_EQ(ledger.inputs_failed(), 2u);
  EXPECT_EQ(ledger.records().mapped, 18u);
}

TEST(InputLedger, KeepsBadRecordsOfPackedAndOfMappedInputs) {
  InputLedger ledger;
  ledger.decoded(0, 1);
  ledger.decoded(1, 0);
  ledger.record_bad(1);
  ledger.block_mapped(0, 1, {.mapped = 3});
  ledger.record_bad(0);
  EXPECT_EQ(ledger.records_bad(), 2u);
  EXPECT_EQ(ledger.inputs_mapped(), 2u);
}

TEST(InputLedger, SettlesEmptyInputsOnlyWhereNothingBeforeThemIsOut) {
  InputLedger ledger;
  ledger.decoded(0, 0);  // Empty, at the very start.
  ledger.decoded(1, 1);
  ledger.decoded(2, 0);
  ledger.block_mapped(1, 1, {.mapped = 4});  // Input 2 was empty and is not in that block.
  ledger.decoded(3, 1);                      // Its block never arrives.
  ledger.decoded(4, 0);                      // It may be in that block.
  ledger.settle_empty_inputs();
  EXPECT_EQ(ledger.inputs_mapped(), 3u);
  ledger.block_mapped(3, 4, {.mapped = 4});
  EXPECT_EQ(ledger.inputs_mapped(), 5u);
}

TEST(ProgressTally, AddsUpBytesGroupsAndChildren) {
  ProgressTally tally;
  ClockTime start{};
  tally.add(event::RunStarted{.job = "os-count", .inputs = 2, .stored_bytes = 300, .processes = 4}, start);
  tally.add(event::InputProgress{.input = 0, .stored_bytes = 100, .decoded_bytes = 1000}, start);
  tally.add(event::InputProgress{.input = 1, .stored_bytes = 50, .decoded_bytes = 500}, start);
  tally.add(event::GroupsReduced{.groups = 3, .values = 9, .output_bytes = 12}, start);
  tally.add(event::GroupBad{.key = "k"}, start);
  tally.add(event::ChildDied{}, start);
  const Progress& progress = tally.progress();
  EXPECT_EQ(progress.job, "os-count");
  EXPECT_EQ(progress.stored_bytes, 150u);
  EXPECT_EQ(progress.decoded_bytes, 1500u);
  EXPECT_EQ(progress.groups_reduced, 3u);
  EXPECT_EQ(progress.groups_bad, 1u);
  EXPECT_EQ(progress.children_replaced, 1u);
}

TEST(ProgressTally, CountsRecordsOfBlocksInWorkUntilTheyAreMappedOrTheirChildIsGone) {
  ProgressTally tally;
  tally.add(event::BlockProgress{.child = 1, .records = 5}, {});
  tally.add(event::BlockProgress{.child = 2, .records = 2}, {});
  tally.add(event::BlockProgress{.child = 1, .records = 7}, {});
  EXPECT_EQ(tally.progress().in_work(event::Role::kMapper), 9u);
  tally.add(event::BlockMapped{.child = 1, .records = 8}, {});
  EXPECT_EQ(tally.progress().in_work(event::Role::kMapper), 2u);
  EXPECT_EQ(tally.progress().records_mapped, 8u);
  tally.add(event::ChildChanged{.child = 2, .state = ChildState::kGone}, {});
  EXPECT_EQ(tally.progress().in_work(event::Role::kMapper), 0u);
}

TEST(ProgressTally, CountsGroupsOfFramesInWorkUntilTheyAreReducedOrTheirChildIsGone) {
  ProgressTally tally;
  auto progress = [](std::size_t child, std::uint64_t groups) {
    return event::BlockProgress{.role = event::Role::kReducer, .child = child, .records = groups};
  };
  tally.add(progress(1, 5), {});
  tally.add(progress(2, 2), {});
  tally.add(progress(1, 7), {});
  EXPECT_EQ(tally.progress().in_work(event::Role::kReducer), 9u);
  EXPECT_EQ(tally.progress().in_work(event::Role::kMapper), 0u);
  tally.add(event::GroupsReduced{.child = 1, .groups = 8}, {});
  EXPECT_EQ(tally.progress().in_work(event::Role::kReducer), 2u);
  EXPECT_EQ(tally.progress().groups_reduced, 8u);
  tally.add(event::ChildChanged{.role = event::Role::kReducer, .child = 2, .state = ChildState::kGone}, {});
  EXPECT_EQ(tally.progress().in_work(event::Role::kReducer), 0u);
}

TEST(InputLedger, CountsABlockOnceAllOfItsPartsAreMapped) {
  InputLedger ledger(true);
  ledger.decoded(0, 1);
  // A combiner's bad lines may be more than the records of the last part.
  for (int i = 0; i < 3; ++i) ledger.record_bad(0, true);
  ledger.block_mapped(0, 0, {.mapped = 10}, false);
  EXPECT_EQ(ledger.inputs_mapped(), 0u);
  ledger.block_mapped(0, 0, {.mapped = 1}, true);
  EXPECT_EQ(ledger.inputs_mapped(), 1u);
  EXPECT_EQ(ledger.records().mapped + ledger.records_bad(), 11u);
  EXPECT_EQ(ledger.take_mapped(), std::vector<InputOrdinal>{0});
  EXPECT_TRUE(ledger.take_mapped().empty());
}

TEST(ProgressTally, AddsUpWhatChildrenUsedAndHowLongTheyWorked) {
  ProgressTally tally;
  tally.add(event::ChildChanged{.child = 1, .state = ChildState::kWorking}, {});
  tally.add(event::BlockMapped{.child = 1, .time = seconds(2), .completes_block = false}, {});
  tally.add(event::BlockMapped{.child = 1, .time = seconds(3)}, {});
  tally.add(event::BlockMapped{.child = 1}, {});
  const UnitTimes& units = tally.progress().children[0][1].units;
  EXPECT_EQ(units.count, 2u);
  EXPECT_EQ(units.total, seconds(5));
  EXPECT_EQ(units.longest, seconds(3));
  tally.add(event::ChildEnded{.used = {.processes = 1, .cpu = seconds(1), .peak_memory_bytes = 7}}, {});
  tally.add(event::ChildEnded{.used = {.processes = 1, .cpu = seconds(2), .peak_memory_bytes = 5}}, {});
  const Usage& mappers = tally.progress().usage[0];
  EXPECT_EQ(mappers.processes, 2u);
  EXPECT_EQ(mappers.cpu, seconds(3));
  EXPECT_EQ(mappers.peak_memory_bytes, 7u);
}

TEST(ProgressTally, CountsAnInputThatFailedAsDone) {
  ProgressTally tally;
  tally.add(event::RunStarted{.inputs = 2, .stored_bytes = 200}, {});
  tally.add(event::InputProgress{.input = 0, .stored_bytes = 100, .decoded_bytes = 1000}, {});
  EXPECT_DOUBLE_EQ(tally.progress().mapped_share(), 0);
  tally.add(event::InputFailed{.input = 0}, {});
  EXPECT_DOUBLE_EQ(tally.progress().mapped_share(), 0.5);
}

TEST(ProgressTally, EndsTheLatestPhaseOfThatKind) {
  ProgressTally tally;
  for (int round = 1; round <= 2; ++round) {
    tally.add(event::PhaseStarted{event::Phase::kMap}, {});
    tally.add(event::PhaseEnded{.phase = event::Phase::kMap, .elapsed = seconds(round)}, {});
  }
  tally.add(event::PhaseStarted{event::Phase::kReduce}, {});
  ASSERT_EQ(tally.progress().phases.size(), 3u);
  EXPECT_EQ(tally.progress().phases[0].elapsed, seconds(1));
  EXPECT_EQ(tally.progress().phases[1].elapsed, seconds(2));
  EXPECT_FALSE(tally.progress().phases[2].elapsed.has_value());
}

TEST(ChildTimes, SplitsTheTimeBetweenWorkingAndWaiting) {
  ProgressTally tally;
  ClockTime start{};
  tally.add(event::ChildChanged{.child = 1, .state = ChildState::kStarting}, start);
  tally.add(event::ChildChanged{.child = 1, .state = ChildState::kWorking}, start + seconds(1));
  tally.add(event::ChildChanged{.child = 1, .state = ChildState::kWaiting}, start + seconds(4));
  ChildTimes times = child_times(tally.progress().children_of(event::Role::kMapper), start + seconds(9));
  EXPECT_EQ(times.working, seconds(3));
  EXPECT_EQ(times.waiting, seconds(5));
}

}  // namespace
}  // namespace quern
