#include "services/process/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/process/fake_child_for_test.h"

namespace quern::process {
namespace {

using protocol::FrameType;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using State = Session::State;
using Seen = Session::Seen;
using Left = Session::Left;
using namespace std::chrono_literals;

constexpr Exit kSegfault{.signal = 11};

class EventTexts final : public EventSink {
 public:
  void emit(const event::Event& event) override {
    if (const auto* changed = std::get_if<event::ChildChanged>(&event)) states.emplace_back(name_of(changed->state));
    if (const auto* line = std::get_if<event::ModuleLine>(&event)) lines.push_back(line->line);
    if (const auto* note = std::get_if<event::Note>(&event)) notes.push_back(note->text);
  }
  std::vector<std::string> states;
  std::vector<std::string> lines;
  std::vector<std::string> notes;
};

class SessionTest : public ::testing::Test {
 protected:
  // A child that loads its module, works, and then does what the script says.
  Session& working(std::vector<FakeMoment> script) {
    script.insert(script.begin(), {.output = fake_frame(FrameType::kLoaded) + fake_frame(FrameType::kReady)});
    Session& session = starting(std::move(script));
    EXPECT_EQ(session.step(-1, {}).value(), Seen::kSomething);
    EXPECT_TRUE(take_frames().ok());
    return session;
  }
  Session& starting(std::vector<FakeMoment> script) {
    module_.interface = Interface::kFunction;
    record_.scripts.push_back(std::move(script));
    make();
    EXPECT_TRUE(session_->start_module({.interpreter = "/bin/python", .harness = "/h.py", .setup_json = "{}"}).ok());
    return *session_;
  }
  Session& program(std::vector<FakeMoment> script) {
    module_.interface = Interface::kLines;
    record_.scripts.push_back(std::move(script));
    make();
    EXPECT_TRUE(session_->start_program({"/bin/cat"}, {"MORE=1"}).ok());
    session_->enter(State::kWorking);
    return *session_;
  }
  // As a worker does: passes READY and FINISHED back.
  Result<void> take_frames() {
    while (true) {
      TRY_ASSIGN(auto frame, session_->next_frame());
      if (!frame.has_value()) return {};
      if (frame->header.type == FrameType::kReady) TRY(session_->take_ready("{}", has_work_));
      if (frame->header.type == FrameType::kFinished) TRY(session_->take_finished());
    }
  }
  Left leave() {
    return session_->leave([this] { return take_frames(); }, {}).value();
  }

  FakeChild::Record record_;
  EventTexts events_;
  Module module_ = {.script = "m.py"};
  bool has_work_ = true;
  std::optional<Session> session_;

 private:
  void make() {
    SessionOptions options{.role = event::Role::kMapper,
                           .number = 2,
                           .module = &module_,
                           .job_folder = "/job",
                           .working_folder = "/work",
                           .timeout = 10s};
    if (!session_.has_value()) session_.emplace(std::move(options), fake_machine(record_), events_);
  }
};

TEST_F(SessionTest, StartsAChildInItsFolderWithItsRole) {
  program({});
  const ChildOptions& child = record_.started.at(0);
  EXPECT_EQ(child.working_folder, "/work");
  EXPECT_FALSE(child.framed);
  for (const char* entry : {"QUERN_ROLE=mapper", "QUERN_JOB_FOLDER=/job", "MORE=1"}) {
    EXPECT_THAT(child.environment, Contains(entry));
  }
}

TEST_F(SessionTest, FollowsAChildFromItsStartToItsEnd) {
  has_work_ = false;
  Session& session = starting({{.output = fake_frame(FrameType::kLoaded)},
                               {.output = fake_frame(FrameType::kReady)},
                               {.output = fake_frame(FrameType::kFinished)},
                               {.exit = Exit{}}});
  EXPECT_EQ(record_.sent, fake_frame(FrameType::kSetup, "{}"));
  for (State state : {State::kLoaded, State::kWaiting}) {
    EXPECT_EQ(session.step(-1, {}).value(), Seen::kSomething);
    EXPECT_TRUE(take_frames().ok());
    EXPECT_EQ(session.state(), state);
  }
  session.enter(State::kWorking);
  EXPECT_EQ(leave(), Left::kFinished);
  session.bury();
  EXPECT_THAT(events_.states, ElementsAre("starting", "waiting", "working", "leaving", "gone"));
  EXPECT_EQ(record_.kills, 0U);
}

TEST_F(SessionTest, LimitsTheLoadingOfAModuleOnItsOwn) {
  record_.scripts.push_back({});
  Session session({.module = &module_, .timeout = 24h}, fake_machine(record_), events_);
  ASSERT_TRUE(session.start_module({}).ok());
  EXPECT_EQ(session.allowed(), limits::kSetupTimeout);
  session.enter(Session::State::kDismissed);
  EXPECT_EQ(session.allowed(), limits::kSetupTimeout);
  ASSERT_TRUE(session.take_ready("{}", true).ok());
  EXPECT_EQ(session.allowed(), 24h);
}

TEST_F(SessionTest, RefusesFramesOutOfTurn) {
  Session& session = working({});
  EXPECT_EQ(session.take_ready("{}", true).error().message, "it wrote a second READY frame");
  EXPECT_EQ(session.take_finished().error().message, "it wrote FINISHED before its input had ended");
  session.enter(State::kLeaving);
  EXPECT_EQ(session.take_ready("{}", true).error().kind, ErrorKind::kChildFailed);
  EXPECT_EQ(session.state(), State::kLeaving);
  EXPECT_TRUE(session.take_finished().ok());
}

TEST_F(SessionTest, LetsAChildWithoutWorkTakeAsLongAsItWants) {
  Session& session = working({{.after = 1000h}});
  session.enter(State::kWaiting);
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kSomething);
}

TEST_F(SessionTest, EndsAChildThatHangsAndSaysWhy) {
  Session& session = working({{.after = 9s, .output = "x"}});
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kSomething);
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kTimedOut);
  EXPECT_EQ(record_.kills, 0U);
  ASSERT_TRUE(session.end("made no progress").ok());
  EXPECT_EQ(record_.kills, 1U);
  EXPECT_EQ(session.how(), "made no progress");
  EXPECT_TRUE(session.is_ready());
  EXPECT_FALSE(session.is_success());
}

TEST_F(SessionTest, TakesOutputAndReporterLinesForProgressButNoOtherLines) {
  Session& session = program({{.after = 6s, .log = {"reporter:status:half"}}, {.after = 6s, .log = {"hm"}}});
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kSomething);
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kSomething);
  const auto before = record_.now;
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kTimedOut);
  EXPECT_EQ(record_.now - before, 4s);
  EXPECT_THAT(events_.lines, ElementsAre("hm"));
}

TEST_F(SessionTest, TakesTheFramesThatCameWithTheExit) {
  Session& session = working({{.output = fake_frame(FrameType::kDone, "{}", 7), .exit = kSegfault}});
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kExited);
  EXPECT_EQ(session.next_frame().value()->header.id, 7U);
  EXPECT_FALSE(session.next_frame().value().has_value());
  EXPECT_THAT(session.how(), HasSubstr("killed by signal 11"));
}

TEST_F(SessionTest, SaysWhetherAChildDiedInTheMiddleOfAFrame) {
  Session& session = working({{.output = fake_frame(FrameType::kOutput, "lines").substr(0, 20), .exit = Exit{}}});
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kExited);
  EXPECT_EQ(session.how(), "exit status 0, in the middle of a frame");
}

TEST_F(SessionTest, StartsAnotherAfterADeath) {
  Session& session = working({{.exit = kSegfault, .closes_input = true}});
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kExited);
  EXPECT_TRUE(session.refuses_input());
  session.bury();
  EXPECT_EQ(record_.destroyed, 1U);
  starting({});
  EXPECT_EQ(session.state(), State::kStarting);
  EXPECT_FALSE(session.is_ready() || session.refuses_input() || session.exit().has_value());
  EXPECT_THAT(events_.states, ElementsAre("starting", "working", "gone", "starting"));
}

TEST_F(SessionTest, EndsTheInputWhenItLeaves) {
  working({{.output = fake_frame(FrameType::kFinished)}, {.exit = Exit{}}});
  EXPECT_EQ(leave(), Left::kFinished);
  EXPECT_EQ(record_.ended_inputs, 1U);
  EXPECT_TRUE(record_.sent.ends_with(fake_frame(FrameType::kEnd)));
}

TEST_F(SessionTest, EndsAChildThatHasFinishedAndDoesNotExit) {
  working({{.after = 9s, .output = fake_frame(FrameType::kFinished)}});
  const auto before = record_.now;
  EXPECT_EQ(leave(), Left::kFinished);
  EXPECT_EQ(record_.now - before, 9s + limits::kLeaveTimeout);
  EXPECT_EQ(record_.kills, 1U);
  EXPECT_THAT(events_.notes,
              ElementsAre(HasSubstr("mapper 2 (m.py) had done everything and did not leave within 10 s")));
}

TEST_F(SessionTest, TellsADeathInTeardownFromAHang) {
  Session& session = working({{.exit = kSegfault}});
  EXPECT_EQ(leave(), Left::kDied);
  session.bury();
  working({});
  EXPECT_EQ(leave(), Left::kHung);
  EXPECT_EQ(record_.kills, 0U);
}

TEST_F(SessionTest, LetsAChildThatWasDismissedBeforeItWasReadyGetReadyAndLeave) {
  Session& session = starting({{.output = fake_frame(FrameType::kLoaded)},
                               {.output = fake_frame(FrameType::kReady)},
                               {.exit = Exit{.signal = 9}}});
  EXPECT_EQ(leave(), Left::kDied);
  EXPECT_EQ(session.state(), State::kLeaving);
  EXPECT_TRUE(session.is_ready());
}

TEST_F(SessionTest, IsNotReadyIfItWasDismissedAndDied) {
  Session& session = starting({{.exit = kSegfault}});
  EXPECT_EQ(leave(), Left::kDied);
  EXPECT_FALSE(session.is_ready());
}

TEST_F(SessionTest, StopsWhenAskedAndEndsTheChildWhenItIsBuried) {
  std::stop_source stop;
  stop.request_stop();
  Session& session = working({{}});
  EXPECT_EQ(session.step(-1, stop.get_token()).error().kind, ErrorKind::kStopped);
  session.bury();
  EXPECT_EQ(record_.destroyed, 1U);
}

TEST_F(SessionTest, JudgesAProgramByItsExitStatus) {
  module_.ok_exit = {0, 1};
  for (auto [exit, is_good] : {std::pair(Exit{}, true), std::pair(Exit{.status = 1}, true),
                               std::pair(Exit{.status = 2}, false), std::pair(Exit{.signal = 1}, false)}) {
    Session& session = program({{.exit = exit}});
    EXPECT_EQ(session.step(-1, {}).value(), Seen::kExited);
    EXPECT_EQ(session.is_success(), is_good) << session.how();
    session.bury();
  }
}

TEST_F(SessionTest, NoticesThatAProgramEndedWithoutReadingItsInput) {
  Session& session = program({{.reads_input = false}, {.exit = Exit{}, .reads_input = false}});
  session.send("lines\n");
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kSomething);
  EXPECT_FALSE(session.refuses_input());
  EXPECT_EQ(session.step(-1, {}).value(), Seen::kExited);
  EXPECT_TRUE(session.refuses_input());
}

TEST_F(SessionTest, NamesTheChildInItsFailure) {
  Session& session = working({});
  ASSERT_TRUE(session.end().ok());
  EXPECT_EQ(session.how(), "ended by quern");
  const Error error = session.failure(" failed: it hung", {.how = session.how()});
  EXPECT_EQ(error.message, "mapper 2 (m.py) failed: it hung");
  EXPECT_EQ(error.details, "mapper 2 (m.py) failed\n  how      ended by quern");
}

}  // namespace
}  // namespace quern::process
