#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "services/disk/files.h"
#include "stages/output/output.h"

namespace quern::output {
namespace {

using namespace std::chrono_literals;

// The run that docs/formats/result-json.md shows.
Accounting sample() {
  Accounting accounting;
  accounting.outcome = Outcome::kDoneWithLosses;
  accounting.job = "os-count";
  accounting.result = "result.txt";
  accounting.inputs_found = 48;
  accounting.inputs_mapped = 47;
  accounting.inputs_failed = 1;
  accounting.failed_inputs.push_back(
      {.name = "data/b.gz",
       .error = {.kind = ErrorKind::kBadInput, .message = "data/b.gz: the gzip stream ends early, at byte 4096"}});
  accounting.records_read = 20000;
  accounting.records_mapped = 19998;
  accounting.records_bad = 2;
  accounting.groups_reduced = 5;
  accounting.stored_bytes = 3145728;
  accounting.decoded_bytes = 25165824;
  accounting.mapped_output_bytes = 180000;
  accounting.result_bytes = 61;
  accounting.children_replaced = 1;
  accounting.counters[{"pings", "old version"}] = 17;
  accounting.counters[{"pings", "no OS"}] = 3;
  accounting.phases = {{"inputs", 1200us}, {"map", 840300us}, {"reduce", 41250us}, {"output", 3010us}};
  accounting.elapsed = 890125us;
  return accounting;
}

TEST(AccountingJson, IsWhatItsPageShows) {
  const char* folder = std::getenv("QUERN_SOURCE_DIR");
  if (folder == nullptr) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
  std::string page = read_file(std::string(folder) + "/docs/formats/result-json.md", 1 << 20).value();
  std::size_t begin = page.find("```json\n") + 8;
  EXPECT_EQ(accounting_json(sample()), page.substr(begin, page.find("```", begin) - begin));
}

TEST(AccountingJson, NamesEveryOutcome) {
  struct Row {
    Outcome outcome;
    const char* status;
    int exit_status;
  };
  for (const Row& row : {Row{Outcome::kDone, "done", 0}, Row{Outcome::kDoneWithLosses, "done with losses", 3},
                         Row{Outcome::kFailed, "failed", 1}, Row{Outcome::kStopped, "stopped", 130}}) {
    Accounting accounting;
    accounting.outcome = row.outcome;
    auto json = nlohmann::json::parse(accounting_json(accounting));
    EXPECT_EQ(json["status"], row.status);
    EXPECT_EQ(json["exit_status"], row.exit_status);
  }
}

TEST(AccountingJson, TakesAnyBytesInNames) {
  Accounting accounting = sample();
  accounting.failed_inputs[0].name = "bad\xff\xc3name\"\n";
  accounting.counters[{"\xf0\x9f", ""}] = -1;
  accounting.failure = std::string("a\0b", 3);
  auto json = nlohmann::json::parse(accounting_json(accounting));
  EXPECT_EQ(json["failed_inputs"][0]["name"], "bad\xef\xbf\xbd\xef\xbf\xbdname\"\n");
  EXPECT_EQ(json["failure"], std::string("a\0b", 3));
}

TEST(WriteAccounting, WritesAFileOrSaysWhyNot) {
  auto scratch = disk::ScratchFolder::make("").value();
  std::string path = scratch.path() + "/result.json";
  ASSERT_TRUE(write_accounting(sample(), path).ok());
  EXPECT_EQ(read_file(path, 1 << 20).value(), accounting_json(sample()));
  EXPECT_EQ(write_accounting(sample(), "/dev/full").error().kind, ErrorKind::kNoSpace);
}

}  // namespace
}  // namespace quern::output
