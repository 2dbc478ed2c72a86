#include "views/terminal/live.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "views/terminal/terminal_limits.h"

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
                    .decoded_bytes = 500'000'000};
  progress.phases = {{.phase = Phase::kInputs, .started = kStart, .elapsed = milliseconds(100)},
                     {.phase = Phase::kMap, .started = kStart + milliseconds(100)}};
  progress.children[0] = {{.state = ChildState::kWorking, .since = kStart},
                          {.state = ChildState::kWaiting, .since = kStart}};
  return progress;
}

Pace steady() {
  return {.over = seconds(10),
          .stored_bytes = 40'000'000,
          .decoded_bytes = 850'000'000,
          .mappers = {.working = seconds(19), .waiting = seconds(1)}};
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

TEST(RenderLive, DrawsAFinerBarWhereTheTerminalCan) {
  EXPECT_THAT(
      rendered(mapping(), {.utf8 = true}, 60)[1],
      testing::StartsWith("map       \xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x81\xE2\x94\x80"));
}

TEST(RenderLive, GoesByInputsWhereTheirSizesAreNotKnown) {
  Progress progress = mapping();
  progress.stored_bytes_found = 0;
  progress.inputs_mapped = 10;
  EXPECT_THAT(rendered(progress)[1], testing::HasSubstr("]  25%  10 of 40 inputs  11 s gone"));
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
