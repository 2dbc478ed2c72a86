#include "views/terminal/live.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace quern::view {
namespace {

using event::ChildState;
using event::Phase;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::ResultOf;

constexpr ClockTime kStart{};

Progress mapping() {
  Progress progress{.job = "os-count",
                    .processes = 2,
                    .inputs_found = 40,
                    .inputs_mapped = 19,
                    .records_mapped = 60'210,
                    .stored_bytes_found = 100'000'000,
                    .stored_bytes = 50'000'000,
                    .decoded_bytes = 500'000'000,
                    .settled_bytes = 500'000'000};
  progress.phases = {{.phase = Phase::kInputs, .started = kStart, .elapsed = milliseconds(100)},
                     {.phase = Phase::kMap, .started = kStart + milliseconds(100)}};
  progress.children[0] = {{.state = ChildState::kWorking, .since = kStart},
                          {.state = ChildState::kWaiting, .since = kStart}};
  return progress;
}

Pace steady() {
  return {.over = seconds(10),
          .decoded_bytes = 850'000'000,
          .mappers = {.working = seconds(19), .waiting = seconds(1)},
          .left = milliseconds(12'300)};
}

std::vector<std::string> rendered(const Progress& progress, Style style = {}, std::size_t columns = 90) {
  return render_live({.progress = progress, .pace = steady(), .now = kStart + seconds(12)}, style, columns);
}

TEST(RenderLive, ShowsTheMapPhase) {
  EXPECT_THAT(rendered(mapping()),
              ElementsAre("inputs    done in 0.1 s     40 inputs",
                          "map       [################.................]  50%  19 of 40 inputs  11 s gone, 13 s left",
                          "          60,210 records  85 MB/s decoded  50.0 MB of 100.0 MB read",
                          "slowest   the modules (at work 95% of the time)",  //
                          "mappers   #0 working   #1 waiting   "));
}

TEST(RenderLive, ShowsTroubleWhereThereIsAny) {
  Progress progress = mapping();
  progress.inputs_failed = 1;
  progress.records_bad = 2;
  progress.groups_bad = 1;
  progress.children_replaced = 3;
  EXPECT_EQ(rendered(progress)[4], "trouble   1 failed input  2 bad records  1 bad group  3 children died");
}

TEST(RenderLive, ShowsTheReducePhaseAfterTheMapPhase) {
  Progress progress = mapping();
  progress.phases.back().elapsed = seconds(10);
  progress.phases.push_back({.phase = Phase::kReduce, .started = kStart + seconds(10)});
  progress.groups_reduced = 31'204;
  progress.values_reduced = 1'200'000;
  progress.children[0].clear();
  progress.children[2] = {{.state = ChildState::kWorking}};
  progress.status = "sorting\tthings";
  EXPECT_THAT(rendered(progress), ElementsAre("inputs    done in 0.1 s     40 inputs",                  //
                                              "map       done in 10.0 s    19 inputs, 60,210 records",  //
                                              "reduce    for 2.0 s     31,204 groups, 1,200,000 values",
                                              "reducers  #0 working   ", "status    sorting    things"));
}

TEST(RenderLive, ShowsNothingBeforeTheFirstPhase) { EXPECT_THAT(rendered(Progress{}), IsEmpty()); }

TEST(RenderLive, SumsUpChildrenThatDoNotFitIntoALine) {
  Progress progress = mapping();
  progress.children[0].assign(16, {.state = ChildState::kWorking});
  progress.children[0][3].state = ChildState::kStarting;
  progress.children[0][4].state = ChildState::kGone;
  EXPECT_EQ(rendered(progress).back(), "mappers   14 working  1 starting  ");
}

TEST(RenderLive, StaysNarrowerThanTheScreen) {
  for (std::size_t columns : {1u, 2u, 20u, 50u, 79u, 200u}) {
    for (Style style : {Style{}, Style{.utf8 = true}}) {
      EXPECT_THAT(rendered(mapping(), style, columns),
                  Each(ResultOf(display_width, testing::Le(std::max<std::size_t>(columns - 1, 1)))))
          << columns;
    }
  }
}

TEST(RenderLive, KeepsTheTimeLeftOnANarrowScreen) {
  EXPECT_EQ(rendered(mapping(), {}, 62)[1], "map        50%  19 of 40 inputs  11 s gone, 13 s left");
  EXPECT_EQ(rendered(mapping(), {}, 40)[1], "map        50%  11 s gone, 13 s left");
  EXPECT_EQ(rendered(mapping(), {}, 30)[1], "map        50%  13 s left");
  EXPECT_EQ(rendered(mapping(), {}, 20)[1], "map       13 s left");
}

TEST(RenderLive, DrawsAFinerBarWhereTheTerminalCan) {
  EXPECT_THAT(
      rendered(mapping(), {.utf8 = true}, 67)[1],
      testing::StartsWith("map       \xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x80"));
}

TEST(RenderLive, GoesByInputsWhereTheirSizesAreNotKnown) {
  Progress progress = mapping();
  progress.stored_bytes_found = 0;
  progress.inputs_mapped = 10;
  EXPECT_THAT(rendered(progress)[1], testing::HasSubstr("]  25%  10 of 40 inputs  11 s gone"));
}

TEST(RenderLive, CountsWhatIsMappedNotWhatIsRead) {
  Progress progress = mapping();
  progress.stored_bytes = progress.stored_bytes_found;
  progress.settled_bytes = 100'000'000;
  progress.children[0][1].decoded_bytes = 25'000'000;
  EXPECT_THAT(rendered(progress)[1], testing::HasSubstr("]  25%  19 of 40 inputs"));
}

TEST(SlowestPart, FollowsWhatTheChildrenDo) {
  struct Row {
    const char* name;
    seconds over, working, waiting;
    const char* text;
  };
  for (const Row& row :
       {Row{"busy", seconds(10), seconds(19), seconds(1), "the modules (at work 95% of the time)"},
        Row{"idle", seconds(10), seconds(5), seconds(15), "reading and decoding (the modules wait 75% of the time)"},
        Row{"between", seconds(10), seconds(14), seconds(6), "none: reading and modules keep pace"},
        Row{"too early", seconds(1), seconds(2), seconds(0), ""},
        Row{"no children", seconds(10), seconds(0), seconds(0), ""}}) {
    EXPECT_EQ(slowest_part({.over = row.over, .mappers = {.working = row.working, .waiting = row.waiting}}), row.text)
        << row.name;
  }
}

TEST(PaceMeter, ForgetsWhatIsLongerAgoThanItsWindow) {
  PaceMeter meter;
  Progress progress = mapping();
  progress.decoded_bytes = 0;
  meter.pace(progress, kStart);
  for (int second = 1; second <= 60; ++second) {
    progress.decoded_bytes += second <= 30 ? 1000 : 10;
    meter.pace(progress, kStart + seconds(second));
  }
  Pace pace = meter.pace(progress, kStart + seconds(60));
  EXPECT_EQ(pace.over, limits::kRateWindow);
  EXPECT_EQ(pace.decoded_bytes, 150u);
  EXPECT_EQ(pace.mappers.working, seconds(15));
}

// A run's events as quern emits them, with steady work.
class Play {
 public:
  explicit Play(std::uint64_t inputs, std::uint64_t stored_bytes) {
    at(milliseconds(0), event::RunStarted{.inputs = inputs, .stored_bytes = stored_bytes, .processes = 4});
    at(milliseconds(0), event::PhaseStarted{.phase = Phase::kMap});
    for (std::size_t child = 1; child <= 4; ++child) {
      at(milliseconds(0),
         event::ChildChanged{.role = event::Role::kMapper, .child = child, .state = ChildState::kWorking});
    }
  }
  void at(milliseconds time, event::Event event) { events_.emplace(time, std::move(event)); }
  void read(milliseconds time, InputOrdinal input, std::uint64_t stored, std::uint64_t decoded) {
    at(time, event::InputProgress{.input = input, .stored_bytes = stored, .decoded_bytes = decoded});
  }
  void mapped(milliseconds time, std::size_t child, std::uint64_t decoded) {
    at(time, event::BlockMapped{.child = child, .decoded_bytes = decoded, .completes_block = false});
  }
  // The largest error of the time left after a fifth of the time, as a share of what was really left; differences below
  // two seconds do not count.
  double worst_error() const {
    const milliseconds end = events_.rbegin()->first;
    ProgressTally tally;
    PaceMeter meter;
    double worst = 0;
    auto next = events_.begin();
    for (milliseconds time{0}; time < end; time += milliseconds(125)) {
      for (; next != events_.end() && next->first <= time; ++next) tally.add(next->second, kStart + next->first);
      const Pace pace = meter.pace(tally.progress(), kStart + time);
      if (time * 5 < end) continue;
      if (!pace.left.has_value()) return 100;
      const double left = std::chrono::duration<double>(end - time).count();
      const double error = std::abs(std::chrono::duration<double>(*pace.left).count() - left);
      if (error >= 2) worst = std::max(worst, error / left);
    }
    return worst;
  }

 private:
  std::multimap<milliseconds, event::Event> events_;
};

TEST(PaceMeter, KnowsTheTimeLeftOfSteadyWork) {
  Play fast(4, 4'000'000);  // decoders are some blocks ahead
  for (int block = 0; block < 1000; ++block) {
    fast.read(milliseconds(20 * std::max(0, block - 8)), static_cast<InputOrdinal>(block % 4), 4000, 1 << 20);
    fast.mapped(milliseconds(20 * (block + 1)), 1 + block % 4, 1 << 20);
  }
  EXPECT_LT(fast.worst_error(), 0.25) << "fast";

  Play slow(1, 1000);  // records of 10 s, in waves, all in one block
  slow.read(milliseconds(1), 0, 1000, 6400);
  for (int record = 0; record < 64; ++record) slow.mapped(seconds(10) * (1 + record / 4), 1 + record % 4, 100);
  EXPECT_LT(slow.worst_error(), 0.25) << "slow";

  Play one_block(1, 100'000);
  one_block.read(milliseconds(1), 0, 100'000, 1 << 20);
  for (int unit = 0; unit < 512; ++unit) one_block.mapped(milliseconds(100) * (1 + unit / 4), 1 + unit % 4, 2048);
  EXPECT_LT(one_block.worst_error(), 0.25) << "one block";

  Play packed(300, 300'000);  // small inputs, thirty in a block
  for (int input = 0; input < 300; ++input)
    packed.read(milliseconds(input), static_cast<InputOrdinal>(input), 1000, 9000);
  for (int unit = 0; unit < 100; ++unit) packed.mapped(milliseconds(300) * (1 + unit), 1 + unit % 4, 27'000);
  EXPECT_LT(packed.worst_error(), 0.25) << "packed";

  Play remote(50, 5'000'000);  // mapped as they arrive
  for (int input = 0; input < 50; ++input) {
    remote.read(milliseconds(800 * input), static_cast<InputOrdinal>(input), 100'000, 1 << 20);
    remote.mapped(milliseconds(800 * input + 700), 1, 1 << 20);
  }
  EXPECT_LT(remote.worst_error(), 0.25) << "remote";

  Play lines(8, 8'000'000);  // programs, two at a time, each with one input for 10 s
  for (int input = 0; input < 8; ++input) {
    const std::size_t child = 1 + input % 2;
    const seconds begin = seconds(10) * (input / 2);
    for (int second = 0; second < 10; ++second) {
      lines.read(begin + seconds(second), static_cast<InputOrdinal>(input), 100'000, 1 << 20);
      lines.at(begin + seconds(second) + milliseconds(900),
               event::BlockProgress{.child = child, .decoded_bytes = (second + 1ULL) << 20});
    }
    lines.at(begin + seconds(10), event::BlockMapped{.child = child, .decoded_bytes = 10 << 20});
  }
  EXPECT_LT(lines.worst_error(), 0.25) << "lines";

  Play files(40, 4'000'000);  // programs that read by themselves, 4 at a time, each for 2 s
  for (int input = 0; input < 40; ++input) {
    files.read(seconds(2) * (input / 4), static_cast<InputOrdinal>(input), 100'000, 1 << 20);
    files.mapped(seconds(2) * (1 + input / 4), 1 + input % 4, 1 << 20);
  }
  EXPECT_LT(files.worst_error(), 0.25) << "files";
}

TEST(PaceMeter, StartsAgainWithEachMapPhase) {
  PaceMeter meter;
  Progress progress = mapping();
  meter.pace(progress, kStart);
  progress.phases.back().elapsed = seconds(1);
  EXPECT_EQ(meter.pace(progress, kStart + seconds(1)).over, seconds(0));
  progress.phases.push_back({.phase = Phase::kMap, .started = kStart + minutes(1)});
  meter.pace(progress, kStart + minutes(1));
  EXPECT_EQ(meter.pace(progress, kStart + minutes(1) + seconds(2)).over, seconds(2));
}

}  // namespace
}  // namespace quern::view
