#include "views/json/json_view.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace quern::view {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

// A view that writes to a pipe, at times that the test sets.
class JsonViewTest : public testing::Test {
 protected:
  JsonViewTest() : pipe_(make_pipe(1 << 20).value()) {}

  JsonOptions options() {
    return {.fd = pipe_.write_end.number(),
            .input_name = [](InputOrdinal input) { return "in" + std::to_string(input); },
            .clock = [this] { return now_; },
            .wall_clock = [] { return std::chrono::system_clock::time_point(milliseconds(1'000'000'000'123)); }};
  }

  std::vector<std::string> lines() {
    pipe_.write_end.reset();
    std::string text;
    std::array<char, 4096> part{};
    while (std::size_t count = read_some(pipe_.read_end, part).value()) text.append(part.data(), count);
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  Pipe pipe_;
  ClockTime now_{};
};

TEST_F(JsonViewTest, WritesOneObjectALine) {
  {
    auto view = std::make_unique<JsonView>(options());
    view->emit(event::RunStarted{.job = "os-count", .inputs = 2, .stored_bytes = 300, .processes = 4});
    now_ += milliseconds(1500);
    view->emit(event::InputFailed{
        .input = 1, .error = {.kind = ErrorKind::kBadInput, .message = "truncated", .code = 5, .details = "a\nb"}});
    view->emit(event::RecordBad{.input = 0, .line = 7, .record = "{", .reason = "KeyError", .details = "at x"});
    view->emit(event::PhaseEnded{.phase = event::Phase::kMap, .elapsed = milliseconds(1250)});
  }
  EXPECT_THAT(
      lines(),
      ElementsAre(
          R"({"event":"run_started","time":"2001-09-09T01:46:40.123Z","elapsed":0.0,"job":"os-count","inputs":2,"stored_bytes":300,"processes":4})",
          R"({"event":"input_failed","time":"2001-09-09T01:46:40.123Z","elapsed":1.5,"input":1,"name":"in1","error":{"kind":"bad_input","message":"truncated","code":5,"details":"a\nb"}})",
          R"({"event":"record_bad","time":"2001-09-09T01:46:40.123Z","elapsed":1.5,"input":0,"name":"in0","line":7,"reason":"KeyError","details":"at x"})",
          R"({"event":"phase_ended","time":"2001-09-09T01:46:40.123Z","elapsed":1.5,"phase":"map","seconds":1.25})"));
}

TEST_F(JsonViewTest, NamesEveryEventThatIsWrittenByItself) {
  struct Row {
    event::Event event;
    const char* part;
  };
  std::vector<Row> rows = {
      {event::PhaseStarted{event::Phase::kReduce},
       R"("phase_started","time":"2001-09-09T01:46:40.123Z","elapsed":0.0,"phase":"reduce"})"},
      {event::GroupBad{.key = "k", .reason = "r"}, R"("key":"k","reason":"r"})"},
      {event::ChildDied{event::Role::kReducer, 3, "c", "a"}, R"("role":"reducer","child":3,"cause":"c","action":"a"})"},
      {event::ModuleLine{event::Role::kMapper, 1, "hi"}, R"("role":"mapper","child":1,"line":"hi"})"},
      {event::Counted{"g", "n", -2}, R"("group":"g","name":"n","amount":-2})"},
      {event::Status{1, "half"}, R"("child":1,"text":"half"})"},
      {event::Note{event::Level::kWarning, "t"}, R"("level":"warning","text":"t"})"}};
  {
    auto view = std::make_unique<JsonView>(options());
    for (const Row& row : rows) view->emit(row.event);
  }
  std::vector<std::string> written = lines();
  ASSERT_EQ(written.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_THAT(written[i], HasSubstr(rows[i].part));
}

TEST_F(JsonViewTest, SumsUpWhatHappensForEveryBlock) {
  {
    auto view = std::make_unique<JsonView>(options());
    for (int i = 0; i < 10; ++i) {
      view->emit(event::InputProgress{.input = 0, .stored_bytes = 10, .decoded_bytes = 100});
      view->emit(event::BlockMapped{.records = 3, .output_bytes = 5});
      now_ += milliseconds(70);
    }
    view->emit(event::ChildChanged{.child = 1, .state = event::ChildState::kWorking});
    view->emit(event::ChildChanged{.child = 2, .state = event::ChildState::kGone});
  }
  std::vector<std::string> written = lines();
  ASSERT_EQ(written.size(), 5u);  // At 0, 210, 420 and 630 ms, and at the end.
  EXPECT_THAT(written.front(), HasSubstr(R"("records_mapped":0,)"));
  EXPECT_EQ(
      written.back(),
      R"({"event":"progress","time":"2001-09-09T01:46:40.123Z","elapsed":0.7,"inputs_found":0,"inputs_mapped":0,)"
      R"("inputs_failed":0,"records_mapped":30,"records_bad":0,"inputs_fetched":0,"fetched_bytes":0,"stored_bytes_found":0,"stored_bytes":100,)"
      R"("decoded_bytes":1000,"mapped_share":0.0,"mapped_output_bytes":50,"groups_reduced":0,"values_reduced":0,)"
      R"("children":{"mapper":{"1":"working"}}})");
}

TEST_F(JsonViewTest, SaysWhenEachInputWasFetchedReadAndMapped) {
  {
    auto view = std::make_unique<JsonView>(options());
    view->emit(event::InputFetched{.input = 1});
    now_ += milliseconds(100);
    view->emit(event::InputProgress{.input = 1});
    now_ += milliseconds(100);
    view->emit(event::InputDecoded{.input = 1, .blocks = 1});
    now_ += milliseconds(100);
    view->emit(event::BlockMapped{.first_input = 1, .last_input = 1});
  }
  EXPECT_THAT(
      lines(),
      testing::Contains(
          R"({"event":"input_mapped","time":"2001-09-09T01:46:40.123Z","elapsed":0.3,"input":1,"name":"in1","fetched":0.0,"began":0.1,"decoded":0.2})"));
}

TEST_F(JsonViewTest, EndsAPhaseWithItsFinalFigures) {
  {
    auto view = std::make_unique<JsonView>(options());
    view->emit(event::InputProgress{.stored_bytes = 1});
    view->emit(event::InputProgress{.stored_bytes = 1});
    view->emit(event::PhaseEnded{.phase = event::Phase::kMap});
  }
  std::vector<std::string> written = lines();
  ASSERT_EQ(written.size(), 3u);
  EXPECT_THAT(written[1], HasSubstr(R"("stored_bytes":2,)"));
  EXPECT_THAT(written[2], HasSubstr("phase_ended"));
}

TEST_F(JsonViewTest, ReplacesBytesThatAreNoText) {
  {
    auto view = std::make_unique<JsonView>(options());
    view->emit(event::Note{.text = "a\xff\"\x01z"});
  }
  EXPECT_THAT(lines().at(0), HasSubstr("\"text\":\"a\xEF\xBF\xBD\\\"\\u0001z\"}"));
}

TEST_F(JsonViewTest, PutsTheAccountingOnOneLine) {
  {
    auto view = std::make_unique<JsonView>(options());
    view->finish("{\n  \"outcome\": \"done\",\n  \"inputs\": {\"found\": 2}\n}\n");
    EXPECT_TRUE(view->outcome().ok());
  }
  EXPECT_THAT(
      lines(),
      ElementsAre(
          R"({"event":"accounting","time":"2001-09-09T01:46:40.123Z","elapsed":0.0,"accounting":{"outcome":"done","inputs":{"found":2}}})"));
}

TEST_F(JsonViewTest, RemembersThatAWriteFailed) {
  Fd full = open_file("/dev/full", O_WRONLY).value();
  JsonOptions to_full = options();
  to_full.fd = full.number();
  auto view = std::make_unique<JsonView>(to_full);
  view->emit(event::Note{.text = "lost"});
  view->emit(event::Note{.text = "lost too"});
  ASSERT_FALSE(view->outcome().ok());
  EXPECT_EQ(view->outcome().error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(view->outcome().error().message, HasSubstr("writing events: "));
}

TEST_F(JsonViewTest, KeepsLinesOfManyThreadsApart) {
  {
    auto view = std::make_unique<JsonView>(options());
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&view] {
        for (int i = 0; i < 50; ++i) view->emit(event::Note{.text = std::string(100, 'x')});
      });
    }
    threads.clear();
  }
  std::vector<std::string> written = lines();
  EXPECT_EQ(written.size(), 200u);
  for (const std::string& line : written) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

}  // namespace
}  // namespace quern::view
