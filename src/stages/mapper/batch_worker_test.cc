#include "stages/mapper/batch_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "stages/mapper/worker_for_test.h"

// With children that follow a script (services/process/fake_child_for_test.h), and inputs that are texts.

namespace quern::mapper {
namespace {

using process::Exit;
using process::FakeMoment;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

constexpr std::string_view kAfterSample = "after the end of a sample";
const FakeMoment reads{};  // what was sent
constexpr Exit kFailed{.status = 3};

FakeMoment leaves(std::string output) { return {.output = std::move(output), .exit = Exit{}}; }

class BatchWorkerTest : public WorkerTest, public InputOpener {
 protected:
  BatchWorkerTest()
      : WorkerTest(Interface::kLines,
                   {{.name = "a", .path = "/a"}, {.name = "b", .path = "/b"}, {.name = "c", .path = "/c"}}) {}

  void emit(const event::Event& event) override {
    WorkerTest::emit(event);
    if (std::holds_alternative<event::BlockMapped>(event)) records_ += mapped_.records;
    if (const auto* decoded = std::get_if<event::InputDecoded>(&event)) inputs_done_.push_back(decoded->input);
  }

  // Maps all inputs as one batch, with children that follow these scripts.
  Result<void> map(std::vector<std::vector<FakeMoment>> children) {
    record_.scripts = {children.begin(), children.end()};
    BatchWorker worker(1, options_, peers_, *this, {"/bin/program"}, process::fake_machine(record_));
    Batch batch;
    for (InputOrdinal input = 0; input < inputs_.size(); ++input) batch.inputs.push_back(input);
    return worker.run(batch, stop_.get_token());
  }

  std::unique_ptr<BlockSource> open_blocks(InputOrdinal input, EventSink& events) override {
    return std::make_unique<Source>(input, texts_[input], events);
  }
  Result<std::unique_ptr<ByteSource>> open_bytes(InputOrdinal /*input*/) override {
    return std::unique_ptr<ByteSource>();
  }
  Result<void> check_size(InputOrdinal input) override {
    if (input != shrunk_) return {};
    return Error{.kind = ErrorKind::kBadInput, .message = "it has shrunk"};
  }
  std::unique_ptr<WorkQueue> queue(std::vector<InputRun> /*pieces*/) override { return nullptr; }
  std::vector<InputRun> runs() const override { return {}; }
  std::unique_ptr<BlockSource> open_run(const InputRun& /*run*/, EventSink& /*events*/,
                                        const std::stop_token& /*stop*/) override {
    return nullptr;
  }

  // A block with the text; "corrupt" fails after it.
  class Source final : public BlockSource {
   public:
    Source(InputOrdinal input, std::string text, EventSink& events)
        : input_(input), text_(std::move(text)), events_(events) {}
    Result<bool> next(Block& block) override {
      if (is_read_ && text_ == "corrupt\n") {
        const Error error{.kind = ErrorKind::kBadInput, .message = "it is corrupt"};
        events_.emit(event::InputFailed{.input = input_, .error = error});
        return error;
      }
      if (text_ == kAfterSample) return false;
      if (std::exchange(is_read_, true)) {
        events_.emit(event::InputDecoded{.input = input_, .blocks = 1});
        return false;
      }
      block = {};
      block.bytes.append(text_);
      block.segments = {{.input = input_, .lines = 1, .size_bytes = text_.size()}};
      return true;
    }

   private:
    const InputOrdinal input_;
    const std::string text_;
    EventSink& events_;
    bool is_read_ = false;
  };

  std::uint64_t records_ = 0;
  std::vector<InputOrdinal> inputs_done_;
  std::map<InputOrdinal, std::string> texts_{{0, "a\n"}, {1, "b\n"}, {2, "c\n"}};
  std::optional<InputOrdinal> shrunk_;
};

TEST_F(BatchWorkerTest, DoesNotCountInputsAfterTheEndOfASample) {
  texts_[2] = kAfterSample;
  ASSERT_TRUE(map({{reads, leaves("x\n")}}).ok());
  EXPECT_EQ(records_, 2U);
  EXPECT_THAT(inputs_done_, ElementsAre(0, 1));
}

TEST_F(BatchWorkerTest, FeedsTheInputsInOrderAndCommitsTheOutput) {
  auto mapped = map({{reads, reads, reads, leaves("x\ny")}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(record_.sent, "a\nb\nc\n");
  EXPECT_EQ(record_.ended_inputs, 1U);
  EXPECT_EQ(committed_, "x\ny\n");
  EXPECT_EQ(records_, 3U);
  EXPECT_THAT(failed_, IsEmpty());
}

TEST_F(BatchWorkerTest, ForgetsTheOutputOfAChildThatFailsAndRunsItAgain) {
  auto mapped = map({{reads, {.output = "lost\n", .exit = kFailed}}, {reads, reads, reads, leaves("x\n")}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(committed_, "x\n");
  EXPECT_EQ(records_, 3U);
  EXPECT_THAT(deaths_, ElementsAre(HasSubstr("started it again (attempt 2 of 2)")));
}

TEST_F(BatchWorkerTest, HalvesABatchUntilTheInputThatFailsIsAlone) {
  options_.attempts = 1;
  const std::vector<FakeMoment> fails = {{.exit = kFailed}};
  // All; the first half, a or a and b; and so on. b fails wherever it is.
  auto mapped = map({fails, {reads, leaves("A\n")}, fails, fails, {reads, leaves("C\n")}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(committed_, "A\nC\n");
  EXPECT_EQ(records_, 2U);
  EXPECT_THAT(failed_, ElementsAre(HasSubstr("b: ")));
  EXPECT_THAT(failed_, ElementsAre(HasSubstr("exit status 3")));
}

TEST_F(BatchWorkerTest, LeavesOutAnInputThatCannotBeReadAndRunsTheOthersAgain) {
  texts_[1] = "corrupt\n";
  auto mapped = map({{reads, reads}, {reads, reads, leaves("x\n")}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(record_.sent, "a\ncorrupt\na\nc\n");
  EXPECT_EQ(committed_, "x\n");
  EXPECT_EQ(records_, 2U);
  EXPECT_THAT(failed_, ElementsAre("b: it is corrupt"));
}

TEST_F(BatchWorkerTest, EndsAChildThatMakesNoProgress) {
  options_.attempts = 1;
  texts_ = {{0, "a\n"}};
  auto mapped = map({{}, {reads, leaves("B\n")}, {reads, leaves("C\n")}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  // The child of the whole batch hangs; those of its halves do not.
  EXPECT_EQ(record_.kills, 1U);
  EXPECT_EQ(committed_, "B\nC\n");
  EXPECT_THAT(failed_, IsEmpty());
  EXPECT_EQ(record_.now, std::chrono::steady_clock::time_point(1h + 10s));
}

TEST_F(BatchWorkerTest, WarnsOfAChildThatDoesNotReadItsInput) {
  auto mapped = map({{{.closes_input = true, .reads_input = false}, leaves("x\n")}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(committed_, "x\n");
  EXPECT_EQ(records_, 3U);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("closed its input before it had read all of a to c (3 inputs)")));
}

TEST_F(BatchWorkerTest, GivesAFilesChildTheNamesAndLooksAtTheSizesAfterwards) {
  module_.interface = Interface::kFiles;
  shrunk_ = 2;
  auto mapped = map({{reads, reads, reads, leaves("lost\n")}, {reads, reads, leaves("x\n")}});
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  const std::string names = folder_ + "/mapper-1/.quern-inputs/1/";
  EXPECT_TRUE(record_.sent.starts_with(names + "a\n" + names + "b\n" + names + "c\n" + names + "a\n"));
  EXPECT_EQ(committed_, "x\n");
  EXPECT_THAT(failed_, ElementsAre("c: it has shrunk"));
}

TEST_F(BatchWorkerTest, CommitsNothingAfterAStop) {
  stop_.request_stop();
  auto mapped = map({});
  ASSERT_FALSE(mapped.ok());
  EXPECT_EQ(mapped.error().kind, ErrorKind::kStopped);
  EXPECT_EQ(committed_, "");
}

}  // namespace
}  // namespace quern::mapper
