#include "model/taskcluster/task_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "model/accounting_json.h"

namespace quern {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// The task that docs/formats/task-report.md shows.
TaskReport sample_report() {
  TaskReport report{.kind = TaskKind::kMap, .quern_version = "0.1.0"};
  report.parts.push_back({.name = "result.txt.zst",
                          .bytes = 52,
                          .sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                          .decoded_bytes = 34,
                          .form = PartForm::kPairs});
  Accounting& accounting = report.accounting;
  accounting.outcome = Outcome::kDone;
  accounting.job = "os-count";
  accounting.result = "result.txt";
  accounting.inputs_found = accounting.inputs_mapped = 2;
  accounting.inputs_unverified = 1;
  accounting.records_read = accounting.records_mapped = 1000;
  accounting.fetched_bytes = accounting.stored_bytes = 65536;
  accounting.decoded_bytes = 1048576;
  accounting.mapped_output_bytes = 8000;
  accounting.result_bytes = 34;
  accounting.phases = {{"inputs", 1ms}, {"map", 250ms}};
  accounting.elapsed = 300ms;
  return report;
}

TEST(TaskReport, IsWhatItsPageShows) {
  const char* folder = std::getenv("QUERN_SOURCE_DIR");
  if (folder == nullptr) GTEST_SKIP() << "QUERN_SOURCE_DIR is not set";
  std::string page = read_file(std::string(folder) + "/docs/formats/task-report.md", 1 << 20).value();
  std::size_t begin = page.find("```json\n") + 8;
  EXPECT_EQ(task_report_json(sample_report()), page.substr(begin, page.find("```", begin) - begin));
}

TEST(TaskReport, IsReadAgain) {
  for (TaskKind kind : {TaskKind::kMap, TaskKind::kMerge, TaskKind::kReduce, TaskKind::kCollect}) {
    TaskReport report = sample_report();
    report.kind = kind;
    auto again = parse_task_report(task_report_json(report));
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(task_report_json(again.value()), task_report_json(report));
    EXPECT_EQ(task_kind_of(name_of(kind)), kind);
  }
  EXPECT_EQ(task_kind_of("mapping"), std::nullopt);
}

TEST(TaskReport, IgnoresKeysThatItDoesNotKnow) {
  auto json = nlohmann::ordered_json::parse(task_report_json(sample_report()));
  json["further"] = json["parts"][0]["further"] = json["accounting"]["further"] = 1;
  EXPECT_EQ(task_report_json(parse_task_report(json.dump()).value()), task_report_json(sample_report()));
}

TEST(TaskReport, SaysWhatIsWrongWithOne) {
  struct Row {
    const char* pointer;
    nlohmann::ordered_json value;
    const char* says;
  };
  const std::vector<Row> rows = {
      {"", 1, "it is not a JSON object"},
      {"/version", 2, "version is one that this quern"},
      {"/version", nullptr, "version is missing"},
      {"/kind", "mapping", "kind is one that this quern"},
      {"/quern", 1, "quern is not a string"},
      {"/parts", nullptr, "parts is not a list"},
      {"/parts/0", 1, "parts is not a JSON object"},
      {"/parts/0/name", "../result.txt.zst", "parts.name is not a file name"},
      {"/parts/0/name", "..", "parts.name is not a file name"},
      {"/parts/0/name", "", "parts.name is not a file name"},
      {"/parts/0/bytes", -1, "parts.bytes is not a whole number"},
      {"/parts/0/sha256", "9F", "parts.sha256 is not a SHA-256"},
      {"/accounting", nullptr, "accounting is not an object"},
      {"/accounting/inputs/found", "2", "accounting: inputs.found is not a whole number"},
  };
  for (const Row& row : rows) {
    auto json = nlohmann::ordered_json::parse(task_report_json(sample_report()));
    json[nlohmann::ordered_json::json_pointer(row.pointer)] = row.value;
    auto report = parse_task_report(json.dump());
    ASSERT_FALSE(report.ok()) << row.pointer << row.value;
    EXPECT_EQ(report.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(report.error().message, HasSubstr(row.says)) << row.pointer;
  }
  for (const char* text : {"", "{", "null", "[]"}) EXPECT_FALSE(parse_task_report(text).ok()) << text;
}

TEST(AddAccounting, AddsWhatBelongsToTheJob) {
  Accounting sum = sample_report().accounting;
  Accounting added = sample_report().accounting;
  added.job = added.result = added.failure = "another";
  added.inputs_failed = 1;
  added.inputs_unverified = 2;
  added.failed_inputs.push_back({.name = "b.gz", .error = {.kind = ErrorKind::kBadInput, .message = "damaged"}});
  added.counters = {{{"a", "b"}, -2}};
  added.phases = {{"map", 50ms}, {"reduce", 7ms}};
  add_accounting(added, sum);
  add_accounting(added, sum);
  EXPECT_EQ(sum.job, "os-count");
  EXPECT_EQ(sum.failure, "");
  EXPECT_EQ(sum.elapsed, 300ms);
  EXPECT_EQ(sum.inputs_found, 6U);
  EXPECT_EQ(sum.records_read, 3000U);
  EXPECT_EQ(sum.inputs_failed, 2U);
  EXPECT_EQ(sum.inputs_unverified, 5U);
  EXPECT_EQ(sum.failed_inputs.size(), 2U);
  EXPECT_THAT(sum.counters, ElementsAre(Pair(Pair("a", "b"), -4)));
  EXPECT_THAT(sum.phases, ElementsAre(Pair("inputs", 1ms), Pair("map", 350ms), Pair("reduce", 14ms)));
}

}  // namespace
}  // namespace quern
