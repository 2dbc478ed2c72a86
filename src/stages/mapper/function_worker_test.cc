#include "stages/mapper/function_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/coding.h"
#include "base/fd.h"
#include "model/limits.h"
#include "stages/mapper/worker_for_test.h"

// What docs/decisions/0003 decides, with children that follow a script (services/process/fake_child_for_test.h).

namespace quern::mapper {
namespace {

using process::Exit;
using process::fake_frame;
using process::FakeMoment;
using protocol::FrameType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

constexpr Exit kSegfaulted{.signal = 11};

std::string loaded(std::string_view ready = "{}") {
  return fake_frame(FrameType::kLoaded) + fake_frame(FrameType::kReady, ready);
}

std::string output(std::uint64_t id, std::string_view lines) { return fake_frame(FrameType::kOutput, lines, id); }

std::string done(std::uint64_t id, std::uint64_t records) {
  std::string payload;
  for (std::uint64_t number : {records, std::uint64_t{0}, std::uint64_t{0}}) append_number(payload, number);
  return fake_frame(FrameType::kDone, payload, id);
}

// The frame before the record of this line, counted from 0.
std::string starting(std::uint64_t id, std::uint64_t line) {
  std::string payload;
  append_number(payload, std::uint32_t{0});
  append_number(payload, line);
  return fake_frame(FrameType::kStarting, payload, id);
}

const FakeMoment finished{.output = fake_frame(FrameType::kFinished)};
const FakeMoment left{.exit = Exit{}};

class FunctionWorkerTest : public WorkerTest {
 protected:
  FunctionWorkerTest() : WorkerTest(Interface::kFunction, {{.name = "a.json", .path = "/a.json"}}) {}

  // Maps a block of these records with children that follow these scripts; as a whole if records are cheap, else each
  // record is a unit.
  Result<void> map(const std::vector<std::string>& records, std::vector<std::vector<FakeMoment>> children,
                   bool are_cheap = true) {
    record_.scripts = {children.begin(), children.end()};
    UnitQueue units({}, make_event().value(), pool_);
    units.begin();
    units.end(limits::kBlockBytes, are_cheap ? 1ms : 10h);
    if (!records.empty()) units.push(block_of(records), {});
    units.close();
    FunctionWorker worker(1, options_, peers_, child_, process::fake_machine(record_), units, {});
    return worker.run(stop_.get_token());
  }
  static Block block_of(const std::vector<std::string>& records) {
    Block block;
    for (const std::string& record : records) block.bytes.append(record + "\n");
    block.segments = {{.lines = records.size(), .size_bytes = block.bytes.size()}};
    return block;
  }
  // Whether a child got the block with this number and these records.
  bool was_sent(std::uint64_t id, const std::vector<std::string>& records, bool careful,
                std::uint64_t first_line = 1) const {
    Block block = block_of(records);
    const auto form = careful ? protocol::BlockForm::kCareful : protocol::BlockForm::kLines;
    const protocol::SegmentHead segment{.first_line = first_line, .size_bytes = block.bytes.size(), .name = "a.json"};
    const std::string head(protocol::block_head(id, form, {segment}).view());
    return record_.sent.find(head + std::string(block.bytes.view())) != std::string::npos;
  }

  bool was_sent_packed(std::uint64_t id, std::string_view record) const {
    Buffer packed;
    json::RecordPacker(RecordKind::kJson).pack(std::string(record) + "\n", packed);
    const protocol::SegmentHead segment{.first_line = id, .size_bytes = packed.size(), .name = "a.json"};
    const std::string head(protocol::block_head(id, protocol::BlockForm::kPacked, {segment}).view());
    return record_.sent.find(head + std::string(packed.view())) != std::string::npos;
  }

  process::ModuleChildOptions child_{.interpreter = "/bin/python", .harness = "/harness.py", .setup_json = "{}"};
};

TEST_F(FunctionWorkerTest, CommitsABlockThatIsDone) {
  auto mapped = map({"a", "b"}, {{{.output = loaded()}, {.output = output(1, "x\n") + done(1, 2)}, finished, left}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(committed_, "x\n");
  EXPECT_EQ(mapped_.records, 2U);
  EXPECT_TRUE(was_sent(1, {"a", "b"}, false));
  EXPECT_THAT(deaths_, IsEmpty());
}

TEST_F(FunctionWorkerTest, SendsABlockCarefullyAfterADeathAndForgetsItsOutput) {
  auto mapped = map({"a", "b"}, {{{.output = loaded()}, {.output = output(1, "lost\n"), .exit = kSegfaulted}},
                                 {{.output = loaded()}, {.output = output(1, "x\n") + done(1, 2)}, finished, left}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(committed_, "x\n");
  EXPECT_TRUE(was_sent(1, {"a", "b"}, true));
  EXPECT_THAT(deaths_, ElementsAre(HasSubstr("SIGSEGV")));
  EXPECT_THAT(deaths_, ElementsAre(HasSubstr("sent a.json, lines 1 to 2 again (attempt 2 of 2)")));
}

// A unit that is sent before the child says that it reads packed records comes as lines, the next one packed.
TEST_F(FunctionWorkerTest, PacksRecordsOnlyForAChildThatReadsThem) {
  options_.record = RecordKind::kJson;
  for (const bool reads_packed : {true, false}) {
    record_.sent.clear();
    committed_.clear();
    const std::vector<FakeMoment> child = {{.output = loaded(reads_packed ? R"({"packed": true})" : "{}")},
                                           {.output = output(1, "A\n") + done(1, 1)},
                                           {.output = output(2, "B\n") + done(2, 1)},
                                           finished,
                                           left};
    auto mapped = map({"1", "true"}, {child}, false);
    ASSERT_TRUE(mapped.ok()) << mapped.error().message;
    EXPECT_EQ(committed_, "A\nB\n");
    EXPECT_TRUE(was_sent(1, {"1"}, false));
    EXPECT_EQ(was_sent_packed(2, "true"), reads_packed);
    EXPECT_EQ(was_sent(2, {"true"}, false, 2), !reads_packed);
  }
}

TEST_F(FunctionWorkerTest, SendsAPackedUnitAgainAsLines) {
  options_.record = RecordKind::kJson;
  const std::string ready = loaded(R"({"packed": true})");
  auto mapped = map({"1", "true"},
                    {{{.output = ready}, {.output = output(1, "A\n") + done(1, 1)}, {.exit = kSegfaulted}},
                     {{.output = ready}, {.output = starting(2, 0) + output(2, "B\n") + done(2, 1)}, finished, left}},
                    false);
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(committed_, "A\nB\n");
  EXPECT_TRUE(was_sent_packed(2, "true"));
  EXPECT_TRUE(was_sent(2, {"true"}, true, 2));
}

TEST_F(FunctionWorkerTest, SetsTheRecordAsideThatKillsAndKeepsTheOthers) {
  const std::string before = starting(1, 0) + output(1, "A\n") + starting(1, 1) + output(1, "half\n");
  auto mapped =
      map({"a", "bad", "c"}, {{{.output = loaded()}, {.exit = kSegfaulted}},
                              {{.output = loaded()}, {.output = before, .exit = kSegfaulted}},
                              {{.output = loaded()}, {.output = output(1, "C\n") + done(1, 1)}, finished, left}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(committed_, "A\nC\n");
  EXPECT_THAT(bad_, ElementsAre(HasSubstr("bad: the mapper died on it 2 times: killed by signal 11")));
  EXPECT_EQ(mapped_.records, 2U);
  EXPECT_EQ(mapped_.bad, 1U);
}

TEST_F(FunctionWorkerTest, SendsOnlyTheUnitAgainAndJoinsItsOutputToTheBlocks) {
  auto mapped = map({"a", "b", "c"},
                    {{{.output = loaded()}, {.output = output(1, "A\n") + done(1, 1)}, {.exit = kSegfaulted}},
                     {{.output = loaded()},
                      {.output = starting(2, 0) + output(2, "B\n") + done(2, 1)},
                      {.output = output(3, "C\n") + done(3, 1)},
                      finished,
                      left}},
                    false);
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(committed_, "A\nB\nC\n");
  EXPECT_TRUE(mapped_.completes_block);
  EXPECT_THAT(deaths_, ElementsAre(HasSubstr("sent a.json, line 2 again")));
}

TEST_F(FunctionWorkerTest, CountsTheDeathsOfARecordAnewWhereAnotherOneFollows) {
  options_.attempts = 3;
  const std::string first = starting(1, 0) + output(1, "A\n") + starting(1, 1);
  const std::string second = starting(1, 0) + output(1, "B\n") + starting(1, 1);
  auto mapped =
      map({"a", "b", "c"}, {{{.output = loaded()}, {.exit = kSegfaulted}},
                            {{.output = loaded()}, {.output = first, .exit = kSegfaulted}},
                            {{.output = loaded()}, {.output = second, .exit = kSegfaulted}},
                            {{.output = loaded()}, {.output = output(1, "C\n") + done(1, 1)}, finished, left}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(committed_, "A\nB\nC\n");
  EXPECT_THAT(bad_, IsEmpty());
  EXPECT_EQ(mapped_.records, 3U);
}

TEST_F(FunctionWorkerTest, EndsAChildThatHangsAndStartsAnother) {
  auto mapped = map({"a"}, {{{.output = loaded()}}, {{.output = loaded()}, {.output = done(1, 1)}, finished, left}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(record_.kills, 1U);
  EXPECT_THAT(deaths_, ElementsAre(HasSubstr("made no progress for 10 s (limits.timeout): started another and sent")));
}

TEST_F(FunctionWorkerTest, EndsAChildThatBreaksTheProtocol) {
  auto mapped = map({"a"}, {{{.output = loaded()}, {.output = done(7, 1)}},
                            {{.output = loaded()}, {.output = done(1, 1)}, finished, left}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(record_.kills, 1U);
  EXPECT_THAT(deaths_, ElementsAre(HasSubstr("broke the protocol: it answered block 7")));
}

TEST_F(FunctionWorkerTest, GivesUpWhereChildrenDieBeforeTheyAreReady) {
  auto mapped = map({"a"}, {{{.exit = Exit{.status = 3}}}, {{.log = {"no module"}, .exit = Exit{.status = 3}}}});
  ASSERT_FALSE(mapped.ok());
  EXPECT_EQ(mapped.error().message, "mapper 1 (m.py) left with exit status 3");
  EXPECT_THAT(mapped.error().details, HasSubstr("before it was ready"));
  EXPECT_THAT(mapped.error().details, HasSubstr("no module"));
  EXPECT_THAT(deaths_, ElementsAre("left with exit status 3: started another"));
}

TEST_F(FunctionWorkerTest, DoesNotTryAgainWhatCannotBeLoaded) {
  const std::string failed = fake_frame(FrameType::kFailed, R"({"reason": "SyntaxError", "details": "line 1"})");
  auto mapped = map({"a"}, {{{.output = failed}}});
  ASSERT_FALSE(mapped.ok());
  EXPECT_EQ(mapped.error().message, "mapper 1 (m.py): SyntaxError");
  EXPECT_EQ(record_.started.size(), 1U);
}

TEST_F(FunctionWorkerTest, FailsIfAChildDiesInItsTeardown) {
  auto mapped = map({"a"}, {{{.output = loaded()}, {.output = done(1, 1)}, {.exit = kSegfaulted}}});
  ASSERT_FALSE(mapped.ok());
  EXPECT_THAT(mapped.error().message, HasSubstr("killed by signal 11"));
  EXPECT_THAT(mapped.error().message, HasSubstr("in its teardown"));
}

TEST_F(FunctionWorkerTest, LosesNothingWithAChildThatHasNoTeardown) {
  auto mapped =
      map({"a"}, {{{.output = loaded(R"({"teardown": false})")}, {.output = done(1, 1)}, {.exit = kSegfaulted}}});
  EXPECT_TRUE(mapped.ok());
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("after its last record; nothing is lost by that")));
}

TEST_F(FunctionWorkerTest, FailsIfAChildNeverEndsItsTeardown) {
  auto mapped = map({"a"}, {{{.output = loaded()}, {.output = done(1, 1)}}});
  ASSERT_FALSE(mapped.ok());
  EXPECT_THAT(mapped.error().message, HasSubstr("did not leave after the end of its input (limits.timeout)"));
  EXPECT_EQ(record_.kills, 1U);
}

TEST_F(FunctionWorkerTest, LetsTheFirstChildLeaveThatGotNothing) {
  auto mapped = map({}, {{{.output = loaded()}, finished, left}});
  EXPECT_TRUE(mapped.ok());
  EXPECT_THAT(deaths_, IsEmpty());
}

TEST_F(FunctionWorkerTest, EndsItsChildWhenItIsStopped) {
  stop_.request_stop();
  auto mapped = map({"a"}, {{}});
  ASSERT_FALSE(mapped.ok());
  EXPECT_EQ(mapped.error().kind, ErrorKind::kStopped);
  EXPECT_EQ(record_.destroyed, 1U);
}

}  // namespace
}  // namespace quern::mapper
