#include "app/group/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/fd.h"
#include "services/disk/files.h"
#include "services/taskcluster/deployment_for_test.h"

namespace quern::results {
namespace {

using taskcluster::Deployment;
using testing::HasSubstr;

// SHA-256 of "result\n".
constexpr const char* kHash = "5656fafa00d4f294bcb606cf4f7d4fa877390e46f583e8b3c8744ace104a31d1";

class Results : public testing::Test {
 protected:
  Results() : folder(disk::ScratchFolder::make("").value()) {
    source.task_id = deployment.create("Q3GkR1sXTx2mV0c7b1yZ5A");
    source.prefix = "public/quern";
    CHECK(deployment.claim() == source.task_id);
  }
  void leave(const std::string& name, const std::string& bytes) {
    deployment.upload(source.task_id, 0, "public/quern/" + name, bytes);
  }
  std::string path() const { return folder.path() + "/part"; }
  TaskPart part() const { return {.name = "result.txt.zst", .bytes = 7, .sha256 = kHash, .decoded_bytes = 7}; }

  Deployment deployment;
  Source source;
  disk::ScratchFolder folder;
};

TEST_F(Results, AreFetchedAndVerified) {
  leave("result.txt.zst", "result\n");
  auto fetched = fetch_part(*deployment.api, source, part(), path(), {});
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(read_file(path(), 100).value(), "result\n");
}

TEST_F(Results, AreFetchedAgainAndRefusedIfDamaged) {
  struct Row {
    const char* name;
    std::string bytes;
    const char* part;
  };
  for (const Row& row : std::vector<Row>{{"longer", "result\n\n", "it has 8 bytes and should have 7"},
                                         {"other", "RESULT\n", "its SHA-256 is another one"}}) {
    Deployment other;
    Source from{.task_id = other.create("Q3GkR1sXTx2mV0c7b1yZ5A"), .prefix = "public/quern"};
    ASSERT_EQ(other.claim(), from.task_id);
    other.upload(from.task_id, 0, "public/quern/result.txt.zst", row.bytes);
    auto fetched = fetch_part(*other.api, from, part(), path(), {});
    ASSERT_FALSE(fetched.ok()) << row.name;
    EXPECT_EQ(fetched.error().kind, ErrorKind::kBadInput) << row.name;
    EXPECT_THAT(fetched.error().message, HasSubstr(row.part)) << row.name;
    EXPECT_EQ(fetched.error().details.empty(), row.bytes.size() != part().bytes) << row.name;
    auto is_get = [](const Deployment::Json& request) {
      return request["method"] == "GET" && request["path"].get<std::string>().starts_with("/store/");
    };
    const Deployment::Json requests = other.requests();
    EXPECT_EQ(std::count_if(requests.begin(), requests.end(), is_get), 2) << row.name;
  }
}

TEST_F(Results, AreNotThereWhereATaskLeftNone) {
  EXPECT_EQ(fetch_part(*deployment.api, source, part(), path(), {}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(read_report(*deployment.api, source, {}).error().kind, ErrorKind::kNotFound);
}

TEST_F(Results, AreFoundWithTheirSize) {
  EXPECT_EQ(find_part(*deployment.api, source, part(), {}).error().kind, ErrorKind::kNotFound);
  leave("result.txt.zst", "result\n");
  EXPECT_TRUE(find_part(*deployment.api, source, part(), {}).ok());
  TaskPart longer = part();
  longer.bytes = 8;
  EXPECT_THAT(find_part(*deployment.api, source, longer, {}).error().message,
              HasSubstr("has 7 bytes and should have 8"));
}

TEST_F(Results, ComeWithAReport) {
  TaskReport report{.kind = TaskKind::kReduce, .quern_version = "1", .parts = {part()}};
  report.accounting.records_read = 12;
  leave("task.json", task_report_json(report));
  auto read = read_report(*deployment.api, source, {});
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read.value().parts.at(0).sha256, kHash);
  EXPECT_EQ(read.value().accounting.records_read, 12U);
}

TEST_F(Results, RefuseAReportThatIsNone) {
  leave("task.json", "{}");
  auto read = read_report(*deployment.api, source, {});
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, HasSubstr("task.json of task " + source.task_id));
}

TEST_F(Results, AreFilesToo) {
  leave("bad_records.txt", "# a:1: bad\nx\n");
  auto file = disk::AtomicFile::create(path()).value();
  ASSERT_TRUE(fetch_file(*deployment.api, source, "bad_records.txt", *file, {}).ok());
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(read_file(path(), 100).value(), "# a:1: bad\nx\n");
}

}  // namespace
}  // namespace quern::results
