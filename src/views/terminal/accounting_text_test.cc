#include "views/terminal/accounting_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/limits.h"

namespace quern::view {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Accounting sample() {
  Accounting accounting;
  accounting.outcome = Outcome::kDoneWithLosses;
  accounting.result = "result.txt";
  accounting.inputs_found = 40;
  accounting.inputs_mapped = 39;
  accounting.inputs_failed = 1;
  accounting.failed_inputs = {
      {"data/x.gz", {ErrorKind::kBadInput, "gz: the data ends in the middle of a member at byte 1234 (truncated?)"}}};
  accounting.records_read = 120000;
  accounting.records_mapped = 119998;
  accounting.records_bad = 2;
  accounting.groups_reduced = 17;
  accounting.stored_bytes = 101'300'000;
  accounting.decoded_bytes = 1'012'000'000;
  accounting.result_bytes = 1234;
  accounting.counters = {{{"group", "name"}, 17}, {{"group", "longer name"}, -1234}};
  accounting.phases = {{"map", milliseconds(11900)}, {"reduce", milliseconds(300)}, {"output", milliseconds(100)}};
  accounting.elapsed = milliseconds(12300);
  return accounting;
}

TEST(AccountingText, BalancesInputsAndRecords) {
  EXPECT_EQ(accounting_text(sample(), {}),
            "done in 12.3 s, with losses within the limits: result.txt (1.2 kB)\n"
            "  inputs    40 found = 39 mapped + 1 failed + 0 skipped\n"
            "  records   120,000 read = 119,998 mapped + 2 bad\n"
            "  groups    17 reduced\n"
            "  bytes     101.3 MB stored, 1.0 GB decoded (85 MB/s), 1.2 kB result\n"
            "  time      map 11.9 s, reduce 0.3 s, output 0.1 s\n"
            "  counters  group.longer name -1,234\n"
            "            group.name        17\n"
            "  failed    data/x.gz: gz: the data ends in the middle of a member at byte 1234 (truncated?)\n");
}

TEST(AccountingText, SaysThatARunFailed) {
  Accounting accounting;
  accounting.outcome = Outcome::kFailed;
  accounting.failure = "3 bad records, and limits.bad_records is 2";
  accounting.inputs_found = accounting.inputs_skipped = 2;
  accounting.groups_bad = 1;
  accounting.children_replaced = 4;
  accounting.elapsed = milliseconds(3200);
  EXPECT_EQ(accounting_text(accounting, {}),
            "failed after 3.2 s\n"
            "  inputs    2 found = 0 mapped + 0 failed + 2 skipped\n"
            "  records   0 read = 0 mapped + 0 bad\n"
            "  groups    0 reduced, 1 bad\n"
            "  bytes     0 B stored, 0 B decoded\n"
            "  children  4 died\n");
}

TEST(AccountingText, BeginsWithTheOutcome) {
  Accounting accounting = sample();
  accounting.outcome = Outcome::kDone;
  EXPECT_THAT(accounting_text(accounting, {}), StartsWith("done in 12.3 s: result.txt (1.2 kB)\n"));
  accounting.result = "-";
  EXPECT_THAT(accounting_text(accounting, {.color = true}),
              StartsWith("\x1b[32mdone in 12.3 s\x1b[0m: standard output (1.2 kB)\n"));
  accounting.outcome = Outcome::kStopped;
  accounting.failure = "stopped by Ctrl-C";
  EXPECT_THAT(accounting_text(accounting, {}), StartsWith("stopped after 12.3 s: stopped by Ctrl-C\n"));
}

TEST(AccountingText, ColorsOnlyLossesThatThereAre) {
  std::string text = accounting_text(sample(), {.color = true});
  EXPECT_THAT(text, HasSubstr("39 mapped + \x1b[31m1 failed\x1b[0m + 0 skipped\n"));
}

TEST(AccountingText, ListsSoManyAndSaysHowManyMore) {
  Accounting accounting = sample();
  accounting.counters.clear();
  for (std::size_t i = 0; i < limits::kListedFailures + 3; ++i) {
    accounting.failed_inputs.push_back({"in" + std::to_string(i), {ErrorKind::kBadInput, "broken\x1b[2J"}});
  }
  for (std::size_t i = 0; i < limits::kListedCounters + 2; ++i) accounting.counters[{"g", std::to_string(i)}] = 1;
  std::string text = accounting_text(accounting, {});
  EXPECT_THAT(text, HasSubstr("            in98: broken\n            and 4 more; result.json has all\n"));
  EXPECT_THAT(text, Not(HasSubstr("in99")));
  EXPECT_THAT(text, HasSubstr("            and 2 more; result.json has all\n  failed"));
}

TEST(DescribeFailedInput, NamesTheInputOnce) {
  EXPECT_EQ(describe_failed_input("a.gz", {ErrorKind::kBadInput, "a.gz: truncated"}), "a.gz: truncated");
  EXPECT_EQ(describe_failed_input("a.gz", {ErrorKind::kBadInput, "truncated"}), "a.gz: truncated");
}

TEST(ErrorText, IndentsTheDetails) {
  Error error{.kind = ErrorKind::kChildFailed,
              .message = "the mapper died",
              .details = "Traceback:\n  File \"m.py\"\n\ntry this"};
  EXPECT_EQ(error_text(error, false), "quern: the mapper died\n  Traceback:\n    File \"m.py\"\n\n  try this\n");
  EXPECT_EQ(error_text({ErrorKind::kInternal, "odd"}, true), "\x1b[31mquern:\x1b[0m odd\n");
}

}  // namespace
}  // namespace quern::view
