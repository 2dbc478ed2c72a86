#include "views/terminal/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace quern::view {
namespace {

using event::Phase;
using std::chrono::hours;
using std::chrono::seconds;

TEST(Screen, ReplacesItsLinesInOnePiece) {
  Screen screen;
  ScreenSize size{.rows = 10, .columns = 20};
  EXPECT_EQ(screen.redraw({}, {"one", "two"}, size), "one\x1b[K\ntwo\x1b[K\n");
  EXPECT_EQ(screen.redraw({}, {"one", "2"}, size), "\x1b[2A\rone\x1b[K\n2\x1b[K\n");
  EXPECT_EQ(screen.redraw({"stays"}, {"one", "2"}, size), "\x1b[2A\r\x1b[Jstays\none\x1b[K\n2\x1b[K\n");
  EXPECT_EQ(screen.redraw({}, {"one"}, size), "\x1b[2A\r\x1b[Jone\x1b[K\n");
  EXPECT_EQ(screen.redraw({}, {}, size), "\x1b[1A\r\x1b[J");
  EXPECT_EQ(screen.redraw({}, {}, size), "");
}

TEST(Screen, ClearsWhatANarrowerTerminalWrapped) {
  Screen screen;
  screen.redraw({}, {"\x1b[1m0123456789\x1b[0m", "short"}, {.rows = 10, .columns = 20});
  EXPECT_EQ(screen.redraw({}, {"x"}, {.rows = 10, .columns = 6}), "\x1b[3A\r\x1b[Jx\x1b[K\n");
}

TEST(Screen, ShowsNoMoreLinesThanThereAreRows) {
  Screen screen;
  EXPECT_EQ(screen.redraw({}, {"1", "2", "3"}, {.rows = 3, .columns = 20}), "1\x1b[K\n2\x1b[K\n");
}

TEST(ChooseTerminalOptions, HonoursTheEnvironment) {
  struct Row {
    const char* name;
    bool is_terminal;
    std::map<std::string, const char*> environment;
    bool live, color, utf8;
  };
  for (const Row& row : std::vector<Row>{
           {"terminal", true, {{"TERM", "xterm"}, {"LANG", "de_DE.UTF-8"}}, true, true, true},
           {"pipe", false, {{"TERM", "xterm"}, {"LANG", "C.UTF-8"}}, false, false, false},
           {"dumb", true, {{"TERM", "dumb"}}, false, false, false},
           {"no TERM", true, {}, false, false, false},
           {"a task", true, {{"TERM", "xterm"}, {"TASK_ID", "fOF8Cqj0QPKbvczC2dnXiQ"}}, false, false, false},
           {"NO_COLOR", true, {{"TERM", "xterm"}, {"NO_COLOR", "1"}}, true, false, false},
           {"empty NO_COLOR", true, {{"TERM", "xterm"}, {"NO_COLOR", ""}}, true, true, false},
           {"LC_ALL wins", true, {{"TERM", "xterm"}, {"LC_ALL", "C"}, {"LANG", "C.UTF-8"}}, true, true, false},
           {"utf8 in other letters", true, {{"TERM", "xterm"}, {"LC_CTYPE", "C.utf8"}}, true, true, true}}) {
    TerminalOptions options = choose_terminal_options(2, row.is_terminal, [&](const char* name) -> const char* {
      auto found = row.environment.find(name);
      return found == row.environment.end() ? nullptr : found->second;
    });
    EXPECT_EQ(options.is_terminal, row.live) << row.name;
    EXPECT_EQ(options.style.color, row.color) << row.name;
    EXPECT_EQ(options.style.utf8, row.utf8) << row.name;
  }
}

// A view that writes to a pipe. Its redraw interval is so long that it draws only when the test lets it.
class TerminalViewTest : public testing::Test {
 protected:
  TerminalViewTest() : pipe_(make_pipe(1 << 20).value()) {}

  TerminalOptions options(bool is_terminal) {
    return {.fd = pipe_.write_end.number(),
            .is_terminal = is_terminal,
            .clock = [this] { return now_; },
            .redraw_interval = hours(1),
            .plain_line_interval = hours(1),
            .size = ScreenSize{.rows = 24, .columns = 60}};
  }
  std::string read_part() {
    std::array<char, 65536> part{};
    return {part.data(), read_some(pipe_.read_end, part).value()};
  }
  // Everything that was written until the view was destroyed.
  std::string read_rest() {
    pipe_.write_end.reset();
    std::string text;
    for (std::string part = read_part(); !part.empty(); part = read_part()) text += part;
    return text;
  }

  Pipe pipe_;
  ClockTime now_{};
};

TEST_F(TerminalViewTest, WritesPlainLinesToAPipe) {
  {
    auto view = make_terminal_view(options(false));
    view->emit(event::RunStarted{.job = "os-count", .inputs = 1, .stored_bytes = 10, .processes = 2});
    view->emit(event::PhaseStarted{Phase::kMap});
    view->emit(event::BlockMapped{.records = 5});
    view->emit(event::InputDecoded{.blocks = 1});
    view->emit(event::PhaseEnded{.phase = Phase::kMap, .elapsed = seconds(2)});
  }
  EXPECT_EQ(read_rest(),
            "os-count: 1 input, 10 B stored, 2 processes\nmap: started\n"
            "map: took 2.0 s: 1 of 1 input, 5 records, 0 B/s\n");
}

TEST_F(TerminalViewTest, WritesALineNowAndThenToAPipe) {
  TerminalOptions often = options(false);
  often.plain_line_interval = std::chrono::milliseconds(1);
  // Each reading of this clock is ten seconds later than the last.
  auto ticks = std::make_shared<std::atomic<int>>(0);
  often.clock = [ticks] { return ClockTime{} + seconds(10 * ++*ticks); };
  auto view = make_terminal_view(often);
  view->emit(event::RunStarted{.job = "j", .inputs = 40});
  view->emit(event::PhaseStarted{Phase::kMap});
  std::string text;
  while (text.find("map: 0 of 40 inputs, 0 records, 0 B/s\n") == std::string::npos) text += read_part();
  view.reset();
}

TEST_F(TerminalViewTest, LeavesATerminalCleanAndKeepsTheLinesThatStay) {
  {
    auto view = make_terminal_view(options(true));
    view->emit(event::PhaseStarted{Phase::kMap});
    view->emit(event::Note{.text = "3 inputs were named twice"});
  }
  EXPECT_EQ(read_rest(), "note: 3 inputs were named twice\n");
}

TEST_F(TerminalViewTest, DrawsTheLiveDisplayAndTakesItAway) {
  TerminalOptions often = options(true);
  often.redraw_interval = std::chrono::milliseconds(1);
  std::string text;
  {
    auto view = make_terminal_view(often);
    view->emit(event::RunStarted{.job = "j", .inputs = 3, .stored_bytes = 100});
    view->emit(event::PhaseStarted{Phase::kMap});
    while (text.find("0 of 3 inputs") == std::string::npos) text += read_part();
  }
  text += read_rest();
  EXPECT_THAT(text, testing::StartsWith("map       [..........]   0%  0 of 3 inputs  0 s gone\x1b[K\n"));
  EXPECT_THAT(text, testing::EndsWith("\x1b[2A\r\x1b[J"));
}

TEST_F(TerminalViewTest, ShowsOnlyErrorsWhenQuiet) {
  TerminalOptions quiet = options(true);
  quiet.quiet = true;
  {
    auto view = make_terminal_view(quiet);
    view->emit(event::PhaseStarted{Phase::kMap});
    view->emit(event::Note{.text = "fyi"});
    view->emit(event::Note{.level = event::Level::kError, .text = "oh no"});
  }
  EXPECT_EQ(read_rest(), "error: oh no\n");
}

TEST_F(TerminalViewTest, LeavesLinesOutRatherThanKeepingThemAllForASlowTerminal) {
  TerminalOptions verbose = options(true);
  verbose.verbose = true;
  {
    auto view = make_terminal_view(verbose);
    for (std::size_t i = 0; i < limits::kQueuedViewLines + 7; ++i) view->emit(event::ModuleLine{.line = "x"});
  }
  EXPECT_THAT(read_rest(),
              testing::EndsWith("mapper 0: x\nnote: 7 lines were left out here: the terminal was too slow\n"));
}

TEST_F(TerminalViewTest, TakesEventsFromManyThreadsWhileItDraws) {
  TerminalOptions often = options(true);
  often.clock = std::chrono::steady_clock::now;
  often.redraw_interval = std::chrono::milliseconds(1);
  {
    auto view = make_terminal_view(often);
    view->emit(event::PhaseStarted{Phase::kMap});
    std::vector<std::jthread> threads;
    for (std::size_t child = 0; child < 4; ++child) {
      threads.emplace_back([&view, child] {
        for (int i = 0; i < 200; ++i) {
          view->emit(event::ChildChanged{.child = child, .state = event::ChildState::kWorking});
          view->emit(event::BlockMapped{.child = child, .records = 1});
          view->emit(event::RecordBad{.reason = "r"});
        }
      });
    }
  }
  EXPECT_THAT(read_rest(), testing::HasSubstr("note: 800 bad records, all r"));
}

}  // namespace
}  // namespace quern::view
