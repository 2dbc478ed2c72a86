#include "views/terminal/narrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/limits.h"

namespace quern::view {
namespace {

using event::Phase;
using event::Role;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> told(Narrator& narrator, const std::vector<event::Event>& events) {
  ProgressTally tally;
  std::vector<std::string> lines;
  for (const event::Event& event : events) {
    tally.add(event, {});
    narrator.tell(event, tally.progress(), lines);
  }
  narrator.finish(lines);
  return lines;
}

std::vector<std::string> told(NarratorOptions options, const std::vector<event::Event>& events) {
  Narrator narrator(std::move(options));
  return told(narrator, events);
}

std::vector<event::Event> troubles() {
  return {
      event::InputFailed{.input = 0, .error = {.message = "in0: truncated", .details = "cause"}},
      event::RecordBad{.input = 1, .line = 7, .record = "{", .reason = "KeyError: 'info'", .details = "Traceback\n  x"},
      event::GroupBad{.key = "Linux", .reason = "ValueError"},
      event::ChildDied{.role = Role::kMapper, .child = 1, .cause = "exit status 3", .action = "started another"},
      event::ModuleLine{.role = Role::kReducer, .child = 0, .line = "hello\x1b[2J"},
      event::Status{.child = 2, .text = "half"},
      event::Note{.level = event::Level::kInfo, .text = "fyi"},
      event::Note{.level = event::Level::kWarning, .text = "careful"},
      event::Note{.level = event::Level::kError, .text = "oh no"}};
}

std::string input_name(InputOrdinal input) { return "in" + std::to_string(input); }

TEST(Narrator, TellsTroublesInOneLineEach) {
  EXPECT_THAT(
      told({.input_name = input_name}, troubles()),
      ElementsAre("failed input: in0: truncated", "bad record: in1:7: KeyError: 'info'",
                  "bad group: key 'Linux': ValueError", "warning: mapper 1 died: exit status 3; started another",
                  "reducer 0: hello", "note: fyi", "warning: careful", "error: oh no"));
}

TEST(Narrator, AddsDetailsAndStatusWhenVerbose) {
  EXPECT_THAT(
      told({.verbose = true}, troubles()),
      ElementsAre("failed input: input 1: in0: truncated", "    cause", "bad record: input 2:7: KeyError: 'info'",
                  "    Traceback", "      x", "bad group: key 'Linux': ValueError",
                  "warning: mapper 1 died: exit status 3; started another", "reducer 0: hello",
                  "status of child 2: half", "note: fyi", "warning: careful", "error: oh no"));
}

TEST(Narrator, TellsOnlyErrorsLossesAndWarningsWhenQuiet) {
  EXPECT_THAT(
      told({.quiet = true, .phases = true, .input_name = input_name}, troubles()),
      ElementsAre("failed input: in0: truncated", "bad record: in1:7: KeyError: 'info'",
                  "bad group: key 'Linux': ValueError", "warning: mapper 1 died: exit status 3; started another",
                  "warning: careful", "error: oh no"));
  EXPECT_THAT(told({.quiet = true, .phases = true}, {event::PhaseStarted{Phase::kMap}}), IsEmpty());
}

TEST(Narrator, InksTheLabelOnly) {
  EXPECT_THAT(told({.style = {.color = true}}, {event::Note{.level = event::Level::kWarning, .text = "careful"}}),
              ElementsAre("\x1b[33mwarning:\x1b[0m careful"));
}

TEST(Narrator, CountsWhatIsTooMuchToShow) {
  std::vector<event::Event> events;
  for (std::size_t i = 0; i < limits::kShownFailures + 1; ++i) events.emplace_back(event::InputFailed{});
  for (std::size_t i = 0; i < limits::kShownModuleLines + 2000; ++i)
    events.emplace_back(event::ModuleLine{.line = "x"});
  std::vector<std::string> lines = told({}, events);
  ASSERT_THAT(lines, SizeIs(limits::kShownFailures + limits::kShownModuleLines + 3));
  EXPECT_EQ(lines[lines.size() - 3], "note: what the modules print further is not shown; --verbose shows it all");
  EXPECT_EQ(lines[lines.size() - 2], "note: not shown: 1 failed input; result.json has them all");
  EXPECT_EQ(lines[lines.size() - 1], "note: not shown: 2,000 lines that modules printed");
  EXPECT_THAT(told({.verbose = true}, events), SizeIs(events.size()));
}

TEST(Narrator, TellsAReasonOnceAndCountsIt) {
  std::vector<event::Event> events(7000, event::RecordBad{.line = 1, .reason = "KeyError: 'info'"});
  EXPECT_THAT(told({.input_name = input_name}, events),
              ElementsAre("bad record: in0:1: KeyError: 'info'",
                          "note: 7,000 bad records, all KeyError: 'info'; bad_records.txt has them all"));
  events.emplace_back(event::RecordBad{.line = 9, .reason = "ValueError"});
  EXPECT_THAT(
      told({.quiet = true, .input_name = input_name}, events),
      ElementsAre("bad record: in0:1: KeyError: 'info'", "bad record: in0:9: ValueError",
                  "note: 7,001 bad records (7,000: KeyError: 'info'; 1: ValueError); bad_records.txt has them all"));
  for (int i = 0; i < 1000; ++i) events.emplace_back(event::RecordBad{.line = 9, .reason = std::to_string(i)});
  EXPECT_THAT(told(NarratorOptions{}, events), SizeIs(limits::kShownFailures + 1));
}

TEST(Narrator, TellsPhasesWhereThereIsNoLiveDisplay) {
  std::vector<event::Event> events = {
      event::PhaseStarted{Phase::kInputs},
      event::RunStarted{.job = "os-count", .inputs = 40, .stored_bytes = 101'300'000, .processes = 1},
      event::PhaseEnded{Phase::kInputs, milliseconds(20)},
      event::PhaseStarted{Phase::kMap},
      event::InputProgress{.stored_bytes = 100, .decoded_bytes = 850'000'000},
      event::BlockMapped{.records = 33'000},
      event::InputDecoded{.input = 0, .blocks = 1},
      event::PhaseEnded{Phase::kMap, seconds(10)},
      event::PhaseStarted{Phase::kReduce},
      event::GroupsReduced{.groups = 12, .values = 33'000},
      event::PhaseEnded{Phase::kReduce, seconds(1)},
      event::PhaseStarted{Phase::kOutput},
      event::PhaseEnded{Phase::kOutput, seconds(0)}};
  EXPECT_THAT(told({.phases = true}, events),
              ElementsAre("os-count: 40 inputs, 101.3 MB stored, 1 process", "inputs: took 0.0 s", "map: started",
                          "map: took 10.0 s: 1 of 40 inputs, 33,000 records, 85 MB/s", "reduce: started",
                          "reduce: took 1.0 s: 12 groups, 33,000 values", "output: took 0.0 s"));
  EXPECT_THAT(told(NarratorOptions{}, events), IsEmpty());
}

TEST(PhaseLine, SaysHowThePhaseStands) {
  Progress progress{.inputs_found = 40,
                    .inputs_mapped = 11,
                    .inputs_failed = 1,
                    .records_mapped = 32'997,
                    .records_bad = 3,
                    .decoded_bytes = 2'100'000'000,
                    .groups_reduced = 1,
                    .groups_bad = 2};
  ClockTime now = ClockTime{} + seconds(10);
  EXPECT_EQ(phase_line("map", {.phase = Phase::kMap}, progress, now),
            "map: 12 of 40 inputs, 33,000 records, 210 MB/s, 3 bad, 1 input failed");
  EXPECT_EQ(phase_line("reduce", {.phase = Phase::kReduce}, progress, now), "reduce: 1 group, 0 values, 2 bad");
  EXPECT_EQ(phase_line("output", {.phase = Phase::kOutput}, progress, now), "output: going on for 10.0 s");
}

}  // namespace
}  // namespace quern::view
