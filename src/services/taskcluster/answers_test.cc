#include "services/taskcluster/answers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern::taskcluster {
namespace {

const std::string kStatus =
    R"({"status":{"taskId":"T","taskGroupId":"G","schedulerId":"S","state":"running","retriesLeft":5,)"
    R"("deadline":"2026-11-24T06:37:26.764+00:00","expires":"2027-11-24T06:37:26.764Z","more":[{}],)"
    R"("runs":[{"runId":0,"state":"newer","reasonCreated":"scheduled","started":null}]}})";

std::string changed(std::string_view from, std::string_view to) {
  std::string text = kStatus;
  return text.replace(text.find(from), from.size(), to);
}

TEST(TaskStatusAnswer, MayHaveMoreThanIsKnown) {
  auto status = parse_task_status(kStatus);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(status.value().state, TaskState::kRunning);
  EXPECT_EQ(format_utc(status.value().deadline), "2026-11-24T06:37:26Z");
  EXPECT_EQ(status.value().runs.at(0).state, TaskState::kOther);
  EXPECT_FALSE(status.value().runs[0].started.has_value());
}

TEST(TaskStatusAnswer, IsRefusedWithTheFieldThatIsWrong) {
  struct Row {
    const char* name;
    std::string text;
    const char* message;
  };
  const std::string not_as = "the answer is not as Taskcluster's should be: ";
  const std::vector<Row> rows = {
      {"text", "OK", "the answer is not a JSON object"},
      {"page", "<html></html>", "the answer is not a JSON object"},
      {"list", "[]", "the answer is not a JSON object"},
      {"deep", std::string(1000, '[') + std::string(1000, ']'), "the answer is not a JSON object"},
      {"bytes", "{\"status\":\"\xff\"}", "the answer is not a JSON object"},
      {"no status", "{}", "status is not an object"},
      {"no id", changed("taskId", "id"), "status.taskId is missing"},
      {"id", changed("\"T\"", "7"), "status.taskId is not a string"},
      {"retries", changed("5", "-5"), "status.retriesLeft is not a whole number from 0 on"},
      {"many retries", changed("5", "5000000000"), "status.retriesLeft is too large"},
      {"deadline", changed("2026-11-24T", "soon"), "status.deadline is not a timestamp"},
      {"runs", changed("[{\"runId\"", "{\"a\":[{\"runId\""), "the answer is not a JSON object"},
      {"run", changed("\"runId\":0", "\"runId\":null"), "status.runs.runId is missing"}};
  for (const Row& row : rows) {
    auto status = parse_task_status(row.text);
    ASSERT_FALSE(status.ok()) << row.name;
    EXPECT_EQ(status.error().kind, ErrorKind::kBadInput) << row.name;
    bool names_field = row.message[0] == 's';
    EXPECT_EQ(status.error().message, (names_field ? not_as : "") + row.message) << row.name;
  }
}

TEST(ArtifactContentAnswer, IsRefusedWhereItSaysTooLittle) {
  EXPECT_EQ(parse_artifact_content(R"({"storageType":"reference","url":"https://a/b"})").value().url, "https://a/b");
  for (const char* text :
       {R"({"storageType":"s3"})", R"({"storageType":"object","name":"x"})",
        R"({"storageType":"object","name":"x","credentials":{"clientId":"a","accessToken":"b","certificate":"{}"}})",
        R"({"storageType":"tape","url":"https://a/b"})", "{}"}) {
    EXPECT_FALSE(parse_artifact_content(text).ok()) << text;
  }
}

TEST(ObjectDownloadAnswer, NeedsAHash) {
  auto with = [](const std::string& hashes) {
    return R"({"method":"getUrl","url":"https://a/b","expires":"2026-11-24T06:37:26.764Z","hashes":)" + hashes + "}";
  };
  EXPECT_TRUE(parse_object_download(with("{\"sha256\":\"" + std::string(64, 'a') + "\"}")).ok());
  EXPECT_TRUE(parse_object_download(with("{\"sha1\":\"x\",\"sha512\":\"" + std::string(128, '0') + "\"}")).ok());
  EXPECT_FALSE(parse_object_download(with("{\"sha1\":\"x\"}")).ok());
  EXPECT_FALSE(parse_object_download(with("{\"sha256\":\"" + std::string(64, 'G') + "\"}")).ok());
  EXPECT_FALSE(parse_object_download(R"({"method":"simple","url":"https://a/b"})").ok());
}

TEST(Refusal, IsReadFromWhateverComes) {
  EXPECT_EQ(parse_refusal(R"({"code":"InputError","message":"m"})").code, "InputError");
  EXPECT_EQ(parse_refusal(R"({"error":"Not found"})").message, "Not found");
  EXPECT_EQ(parse_refusal(R"({"code":7,"message":null})").code, "");
  EXPECT_EQ(parse_refusal("<html>").code, "");
}

}  // namespace
}  // namespace quern::taskcluster
