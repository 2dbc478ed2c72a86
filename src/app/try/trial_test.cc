#include "app/try/trial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::app {
namespace {

Block block_of(std::string_view lines, std::uint64_t first_line = 1, InputOrdinal input = 0) {
  Block block;
  const auto count = static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  block.segments.push_back({.input = input, .first_line = first_line, .lines = count, .size_bytes = lines.size()});
  block.bytes.append(lines);
  return block;
}

class TakesAll final : public BlockSink {
 public:
  Result<void> commit(BlockOutput) override { return {}; }
};

// A trial and what it prints.
class Shown {
 public:
  explicit Shown(TrialOptions options, TrialText::Options text = {.separator = " ", .has_pairs = true})
      : trial(
            options, TrialText(std::move(text)), [](InputOrdinal input) { return "in" + std::to_string(input); },
            [this](std::string_view more) -> Result<void> {
              if (is_reader_gone) return stopped();
              printed += more;
              return {};
            },
            others_),
        sink_(trial.showing(std::make_unique<TakesAll>())) {}

  void gives(std::string_view output) {
    BlockOutput given;
    given.lines.emplace_back();
    given.lines.back().append(output);
    EXPECT_TRUE(sink_->commit(std::move(given)).ok());
  }
  void logs(std::string line) { trial.emit(event::ModuleLine{event::Role::kMapper, 1, std::move(line)}); }
  void is_bad(std::uint64_t line, std::string reason, std::string details = "") {
    trial.emit(
        event::RecordBad{.line = line, .record = "{}", .reason = std::move(reason), .details = std::move(details)});
  }
  void is_done(std::uint64_t dropped = 0, bool completes = true) {
    trial.emit(event::BlockMapped{.dropped = dropped, .completes_block = completes});
  }
  // All of it for one record.
  void maps(std::string_view record, std::uint64_t line, std::string_view output) {
    trial.took(block_of(record, line), 1, 0);
    gives(output);
    is_done();
  }

  bool is_reader_gone = false;
  std::string printed;

 private:
  NoEvents others_;

 public:
  Trial trial;

 private:
  std::unique_ptr<BlockSink> sink_;
};

TEST(Trial, ShowsARecordNextToItsPairs) {
  Shown shown({.records = 2});
  EXPECT_EQ(shown.trial.most({}), 1U);
  shown.trial.took(block_of("{\"a\": 1}\n", 3), 1, 0);
  shown.logs("hello");
  shown.gives("de\n1\nfr\n2\n");
  shown.is_done();
  shown.maps("{\"a\": 2}\n", 4, "");
  EXPECT_EQ(shown.printed, "in0:3  {\"a\": 1}\n  | hello\n  -> de 1\n  -> fr 2\nin0:4  {\"a\": 2}\n  -> nothing\n");
  EXPECT_TRUE(shown.trial.is_complete());
  EXPECT_EQ(shown.trial.most({}), 0U);
}

TEST(Trial, ShowsWhyARecordIsBad) {
  Shown shown({});
  shown.trial.took(block_of("{}\n", 1), 1, 0);
  shown.gives("");
  shown.is_bad(1, "KeyError: 'a'", "Traceback\n  line 1\n");
  shown.is_done();
  EXPECT_EQ(shown.printed, "in0:1  {}\n  bad: KeyError: 'a'\n       Traceback\n         line 1\n");
  EXPECT_EQ(shown.trial.seen().bad, 1U);
  EXPECT_EQ(shown.trial.seen().records, 1U);
}

// No mapper has it.
TEST(Trial, ShowsARecordThatCannotBeRead) {
  Shown shown({});
  shown.is_bad(7, "it has 2 columns");
  shown.trial.took(Block(), 0, 1);
  EXPECT_EQ(shown.printed, "in0:7  {}\n  bad: it has 2 columns\n");
  EXPECT_EQ(shown.trial.seen().records, 1U);
}

TEST(Trial, LeavesOutWhatWhereDrops) {
  Shown shown({.records = 1});
  shown.trial.took(block_of("{}\n"), 1, 0);
  shown.gives("");
  shown.is_done(1);
  EXPECT_EQ(shown.printed, "");
  EXPECT_EQ(shown.trial.seen().records, 0U);
  EXPECT_EQ(shown.trial.seen().dropped, 1U);
  shown.maps("{\"b\": 1}\n", 4, "x\n1\n");
  EXPECT_EQ(shown.printed, "in0:4  {\"b\": 1}\n  -> x 1\n");
}

TEST(Trial, NamesTheColumnsOfGroups) {
  Shown shown({}, {.separator = "\t", .has_pairs = true, .columns_of_pairs = {"orders", "sum"}});
  shown.maps("{}\n", 1, std::string_view("de\0x\nA\nde\0x\nB3.5\0a\n", 18));
  EXPECT_EQ(shown.printed, "in0:1  {}\n  -> de    x    orders\n  -> de    x    sum = 3.5 with a\n");
}

TEST(Trial, ShowsLinesOfPrograms) {
  Shown shown({.one_by_one = false, .is_program = true}, {.separator = " ", .has_pairs = false});
  EXPECT_EQ(shown.trial.most({}), 10U);
  shown.trial.took(block_of("a\nx\nb\n"), 3, 0);
  Block selected = block_of("a\nb\n");
  selected.kept = {{.number = 1, .offset = 0}, {.number = 3, .offset = 4}};
  shown.trial.fed(selected);
  shown.gives("x 1\ny 2\n");
  shown.is_done();
  EXPECT_EQ(shown.printed, "in0:1  a\nin0:3  b\n  -> x 1\n  -> y 2\n");
  EXPECT_EQ(shown.trial.most({}), 8U);
  EXPECT_EQ(shown.trial.seen().dropped, 1U);
}

TEST(Trial, ShowsOnlyWhatIsPrintedWhileItProfiles) {
  Shown shown({.one_by_one = false, .shows_records = false});
  shown.trial.took(block_of("a\nb\n"), 2, 0);
  shown.logs("hello");
  shown.gives("x\n1\n");
  shown.is_done();
  shown.trial.emit(event::ChildChanged{event::Role::kMapper, 1, event::ChildState::kLeaving});
  shown.logs("0.1 s");
  EXPECT_EQ(shown.printed, "  | 0.1 s\n");
}

TEST(Trial, ShortensWhatIsLong) {
  Shown shown({}, {.columns = 20, .separator = " ", .has_pairs = true});
  std::string pairs;
  for (int i = 0; i < 25; ++i) pairs += "k\n1\n";
  shown.maps("{\"a\": \"xxxxxxxxxxxxxxxx\"}\n", 1, pairs);
  EXPECT_TRUE(shown.printed.starts_with("in0:1  {\"a\": \"xxx...\n")) << shown.printed;
  EXPECT_TRUE(shown.printed.ends_with("  -> and 5 more\n")) << shown.printed;
}

TEST(Trial, BeginsAtALineOfTheFirstInput) {
  Shown shown({.first_line = 5});
  EXPECT_FALSE(shown.trial.wants(0, 4));
  EXPECT_TRUE(shown.trial.wants(0, 5));
  EXPECT_TRUE(shown.trial.wants(1, 1));
}

TEST(Trial, DrawsTheSameLinesForTheSameSeed) {
  const Block block = block_of("a\nb\n\nd\ne\n \ng\nh\n");
  auto drawn = [&block](std::uint64_t seed) {
    Shown shown({.records = 3, .seed = seed});
    shown.trial.look_at(block);
    std::vector<std::uint64_t> lines;
    for (std::uint64_t line = 1; line <= 8; ++line) {
      if (shown.trial.wants(0, line)) lines.push_back(line);
    }
    EXPECT_FALSE(shown.trial.wants(0, 3) || shown.trial.wants(0, 6)) << "blank lines";
    return lines;
  };
  EXPECT_EQ(drawn(7), drawn(7));
  EXPECT_EQ(drawn(7).size(), 3U);
  std::set<std::vector<std::uint64_t>> all;
  for (std::uint64_t seed = 0; seed < 20; ++seed) all.insert(drawn(seed));
  EXPECT_GT(all.size(), 5U);
}

TEST(Trial, EndsWhenNobodyReads) {
  Shown shown({});
  shown.is_reader_gone = true;
  shown.maps("{}\n", 1, "");
  EXPECT_TRUE(shown.trial.is_complete());
  EXPECT_EQ(shown.trial.failure()->kind, ErrorKind::kStopped);
}

TEST(TrialText, ShowsTheFirstLinesOfAResult) {
  const TrialText text({.separator = " "});
  EXPECT_EQ(text.result("sum.py", "a 1\nb 2\n"), "\nresult of sum.py (2 lines)\na 1\nb 2\n");
  std::string many;
  for (int i = 0; i < 103; ++i) many += "x\n";
  EXPECT_TRUE(text.result("sum.py", many).ends_with("x\nand 3 lines more\n"));
}

}  // namespace
}  // namespace quern::app
