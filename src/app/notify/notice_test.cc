#include "app/notify/notice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "model/limits.h"

namespace quern::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kOwner = "jane@example.com";

Accounting accounting() {
  Accounting accounting{.outcome = Outcome::kDone, .job = "os-count", .result = "result.txt"};
  accounting.inputs_found = 20;
  accounting.inputs_mapped = 17;
  accounting.inputs_failed = 2;
  accounting.inputs_skipped = 1;
  accounting.failed_inputs = {{.name = "data/a.gz", .error = {.message = "the data ends early"}},
                              {.name = "data/b.gz", .error = {.message = "no such file"}}};
  accounting.records_read = 1234;
  accounting.records_mapped = 1233;
  accounting.records_bad = 1;
  accounting.result_bytes = 12345;
  accounting.counters[{"pings", "old"}] = 7;
  accounting.elapsed = std::chrono::seconds(185);
  return accounting;
}

mail::Mail notice(const Accounting& of, const std::string& job = "os-count") {
  return compose_notice({.owner = kOwner, .job = job, .accounting = of});
}

TEST(Notice, SaysWhatBecameOfTheJob) {
  Accounting done = accounting();
  done.outcome = Outcome::kDoneWithLosses;
  NoticeFacts facts{.owner = kOwner, .job = done.job, .accounting = done};
  facts.place = "/data/result.txt on example";
  mail::Mail mail = compose_notice(facts);
  EXPECT_EQ(mail.to, kOwner);
  EXPECT_EQ(mail.subject, "os-count is done, with losses within its limits");
  EXPECT_EQ(mail.text,
            "The job `os-count` of `jane@example.com` is done, with losses within its limits.\n"
            "\n"
            "The result (12.3 kB):\n"
            "\n"
            "    /data/result.txt on example\n"
            "\n"
            "    done in 3 min 5 s, with losses within the limits\n"
            "      inputs    20 found = 17 mapped + 2 failed + 1 skipped\n"
            "      records   1,234 read = 1,233 mapped + 1 bad\n"
            "      bytes     0 B stored, 0 B decoded\n"
            "      counters  pings.old 7\n"
            "      failed    data/a.gz: the data ends early\n"
            "                data/b.gz: no such file\n");
  EXPECT_FALSE(mail.link.has_value());
}

TEST(Notice, SaysWhyTheJobFailed) {
  Accounting failed = accounting();
  failed.outcome = Outcome::kFailed;
  failed.failure = "more than 0 inputs failed";
  mail::Mail mail = compose_notice(
      {.owner = kOwner, .job = failed.job, .accounting = failed, .details = "Traceback:\n\n  line 1\n\x1b[31mred"});
  EXPECT_EQ(mail.subject, "os-count failed");
  EXPECT_THAT(mail.text, HasSubstr("`jane@example.com` failed.\n"
                                   "\n"
                                   "    more than 0 inputs failed\n"
                                   "\n"
                                   "    Traceback:\n"
                                   "\n"
                                   "      line 1\n"
                                   "    red\n"
                                   "\n"
                                   "    failed after 3 min 5 s\n"));
  EXPECT_THAT(mail.text, Not(HasSubstr("The result")));
}

TEST(Notice, LinksToThePage) {
  Accounting done = accounting();
  NoticeFacts facts{.owner = kOwner, .job = done.job, .accounting = done};
  facts.link = {.text = "Result", .url = "https://tc.example.com/x"};
  EXPECT_EQ(compose_notice(facts).link->url, "https://tc.example.com/x");
  facts.link.url = "https://tc.example.com/" + std::string(limits::kMaxMailLinkUrl, 'x');
  EXPECT_FALSE(compose_notice(facts).link.has_value());
  EXPECT_THAT(compose_notice(facts).text, HasSubstr("\n\n    Result: " + facts.link.url + "\n"));
}

TEST(Notice, HasNoHeaderAndNoMarkupThatANameBringsAlong) {
  mail::Mail mail = notice(accounting(), "a\r\nBcc: eve@x`[click](https://evil)`\xff");
  EXPECT_EQ(mail.subject, "a??Bcc: eve@x`[click](https://evil)`? is done");
  EXPECT_THAT(mail.text, HasSubstr("The job `a??Bcc: eve@x'[click](https://evil)'?` of"));
}

TEST(Notice, ShowsWhatOthersWroteOnlyInBlocks) {
  Accounting odd = accounting();
  odd.outcome = Outcome::kFailed;
  odd.failure = "first\n\n# second\n[click](https://evil)";
  odd.failed_inputs[0].name = "x\n\n# y";
  const std::string text = notice(odd).text;
  EXPECT_THAT(text, AllOf(HasSubstr("\n    # second\n"), HasSubstr("\n    [click]"), Not(HasSubstr("\n# "))));
}

TEST(Notice, IsNeitherLongerThanItMayBeNorCutInACharacter) {
  Accounting wordy = accounting();
  wordy.failed_inputs.assign(200, {.name = "x", .error = {.message = std::string(20000, 'e') + "\xE2\x82\xAC"}});
  mail::Mail mail = notice(wordy, std::string(5000, 'j'));
  EXPECT_LE(mail.text.size(), limits::kMaxMailContent);
  EXPECT_LE(mail.subject.size(), limits::kMaxMailSubject);
  wordy.outcome = Outcome::kFailed;
  std::string details;
  for (int i = 0; i < 50000; ++i) details += "\xE2\x82\xAC";
  mail = compose_notice({.owner = kOwner, .job = wordy.job, .accounting = wordy, .details = details});
  EXPECT_THAT(mail.text, Not(HasSubstr("?")));
}

TEST(Notice, IsWantedAsTheJobSays) {
  struct Row {
    const char* name;
    Notify notify;
    Outcome outcome;
    int signal;
    bool is_wanted;
  };
  const Notify both{.via = NotifyVia::kSmtp};
  const Notify completed{.via = NotifyVia::kSmtp, .on_failed = false};
  const Notify failed{.via = NotifyVia::kSmtp, .on_completed = false};
  const Row rows[] = {
      {"nobody asks", {}, Outcome::kDone, 0, false},
      {"done", both, Outcome::kDone, 0, true},
      {"done with losses", completed, Outcome::kDoneWithLosses, 0, true},
      {"done, of failures only", failed, Outcome::kDone, 0, false},
      {"failed", failed, Outcome::kFailed, 0, true},
      {"failed, of results only", completed, Outcome::kFailed, 0, false},
      {"Ctrl-C", both, Outcome::kStopped, SIGINT, false},
      {"the end of the machine", both, Outcome::kStopped, SIGTERM, true},
      {"the end of the machine, of results only", completed, Outcome::kStopped, SIGTERM, false},
  };
  for (const Row& row : rows) EXPECT_EQ(is_mail_wanted(row.notify, row.outcome, row.signal), row.is_wanted) << row.name;
}

}  // namespace
}  // namespace quern::app
