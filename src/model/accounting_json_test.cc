#include "model/accounting_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/fd.h"

namespace quern {
namespace {

using namespace std::chrono_literals;

// The run that docs/formats/result-json.md shows.
Accounting sample_accounting() {
  Accounting accounting;
  accounting.outcome = Outcome::kDoneWithLosses;
  accounting.job = "os-count";
  accounting.result = "result.txt";
  accounting.quern_version = "0.1.0";
  accounting.command = {"quern", "run", "-p", "2"};
  accounting.host = "lab3";
  accounting.started = parse_utc("2001-09-09T01:46:40Z").value();
  accounting.ended = parse_utc("2001-09-09T01:46:41Z").value();
  accounting.files = {"bad_records.txt", "result.json", "result.txt"};
  accounting.inputs_found = 48;
  accounting.inputs_mapped = 47;
  accounting.inputs_failed = 1;
  accounting.failed_inputs.push_back(
      {.name = "data/b.gz",
       .error = {.kind = ErrorKind::kBadInput, .message = "data/b.gz: the gzip stream ends early, at byte 4096"}});
  accounting.sample_records = 20000;
  accounting.is_sample_full = true;
  accounting.records_read = 20000;
  accounting.records_mapped = 19998;
  accounting.records_bad = 2;
  accounting.records_without_key = 3;
  accounting.paths = {{.setting = "mapper.key", .path = "info.OS", .is_found = true},
                      {.setting = "where", .path = "info.version", .nearest = "version"}};
  accounting.groups_reduced = 5;
  accounting.stored_bytes = 3145728;
  accounting.decoded_bytes = 25165824;
  accounting.mapped_output_bytes = 180000;
  accounting.result_bytes = 61;
  accounting.found_bytes = 3149824;
  accounting.children_replaced = 1;
  accounting.usage = {{"quern", {.processes = 1, .cpu = 210ms, .peak_memory_bytes = 31457280}},
                      {"mapper", {.processes = 3, .cpu = 1390ms, .peak_memory_bytes = 15728640}}};
  accounting.units = {{.child = 1, .units = {.count = 12, .total = 700ms, .longest = 104ms}},
                      {.child = 2, .units = {.count = 13, .total = 690ms, .longest = 99ms}}};
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
  EXPECT_EQ(accounting_json(sample_accounting()), page.substr(begin, page.find("```", begin) - begin));
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
  Accounting accounting = sample_accounting();
  accounting.failed_inputs[0].name = "bad\xff\xc3name\"\n";
  accounting.counters[{"\xf0\x9f", ""}] = -1;
  accounting.failure = std::string("a\0b", 3);
  auto json = nlohmann::json::parse(accounting_json(accounting));
  EXPECT_EQ(json["failed_inputs"][0]["name"], "bad\xef\xbf\xbd\xef\xbf\xbdname\"\n");
  EXPECT_EQ(json["failure"], std::string("a\0b", 3));
}

TEST(AccountingJson, IsReadAgain) {
  auto again = read_accounting(accounting_value(sample_accounting()));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(accounting_json(again.value()), accounting_json(sample_accounting()));
  for (Outcome outcome : {Outcome::kDone, Outcome::kDoneWithLosses, Outcome::kFailed, Outcome::kStopped}) {
    Accounting accounting;
    accounting.outcome = outcome;
    accounting.counters[{"a", "b"}] = std::numeric_limits<std::int64_t>::min();
    auto read = read_accounting(accounting_value(accounting)).value();
    EXPECT_EQ(read.outcome, outcome);
    EXPECT_EQ(read.counters, accounting.counters);
  }
}

TEST(AccountingJson, TellsTheStatusOfTheProcessAndTheEarlierResult) {
  Accounting accounting{.outcome = Outcome::kStopped};
  accounting.ended_with = 143;
  accounting.files = {"result.json", "result.txt"};
  accounting.previous_result = "out/result.txt";
  accounting.previous_time = parse_utc("2026-11-27T03:00:12Z");
  auto json = accounting_value(accounting);
  EXPECT_EQ(json["exit_status"], 143);
  EXPECT_EQ(json["previous_result"], Json({{"path", "out/result.txt"}, {"time", "2026-11-27T03:00:12Z"}}));
  EXPECT_EQ(accounting_json(read_accounting(json).value()), accounting_json(accounting));
  json.erase("files");
  json.erase("previous_result");
  EXPECT_TRUE(read_accounting(json).ok());
}

TEST(AccountingJson, SaysWhatIsWrongWithOne) {
  struct Row {
    const char* pointer;
    nlohmann::ordered_json value;
    const char* says;
  };
  const std::vector<Row> rows = {
      {"", 1, "not a JSON object"},
      {"/version", 2, "version is one"},
      {"/status", "splendid", "status is one"},
      {"/inputs", nullptr, "inputs is not an object"},
      {"/inputs/found", -1, "inputs.found is not a whole number"},
      {"/records/bad", nullptr, "records.bad is missing"},
      {"/bytes/result", 1.5, "bytes.result is not a whole number"},
      {"/seconds/total", "1", "seconds.total is not a number"},
      {"/seconds/total", 1e300, "seconds.total is not a valid duration"},
      {"/seconds/phases/map", -1, "seconds.phases.map is not a valid duration"},
      {"/counters/pings", 1, "counters.pings is not a JSON object"},
      {"/counters/pings/no OS", 1ULL << 63U, "counters.pings.no OS is not a whole number"},
      {"/failed_inputs", nlohmann::ordered_json::object(), "failed_inputs is not a list"},
      {"/failed_inputs/0", 1, "failed_inputs is not a JSON object"},
      {"/failed_inputs/0/kind", "bad", "failed_inputs.kind is one"},
  };
  for (const Row& row : rows) {
    nlohmann::ordered_json json = accounting_value(sample_accounting());
    json[nlohmann::ordered_json::json_pointer(row.pointer)] = row.value;
    auto read = read_accounting(json);
    ASSERT_FALSE(read.ok()) << row.pointer << row.value;
    EXPECT_EQ(read.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(read.error().message, testing::HasSubstr(row.says));
  }
}

}  // namespace
}  // namespace quern
