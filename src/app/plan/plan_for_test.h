#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/plan/plan.h"
#include "job_file/job_file.h"

namespace quern::plan {

// A job and its inputs, made from texts, and the resulting graph.
struct PlanForTest {
  Job job;
  std::vector<Input> inputs;
  Settings settings;
  std::vector<std::string> set_arguments;
  std::string packed_job = "cGFjaw==";
  std::string sealed_credentials;
  std::string bucket;
  std::string group_id = "Q3GkR1sXTx2mV0c7b1yZ5A";
  UtcTime now = *parse_utc("2026-01-31T12:00:00Z");

  // `more` is appended to a job that counts; `taskcluster` is added to its map.
  explicit PlanForTest(const std::string& more = "reducer: {builtin: sum}\n", const std::string& taskcluster = "") {
    std::string text = "mapper: {builtin: pairs, key: a}\nowner: someone@example.com\n" + more +
                       "taskcluster: {task_queue: proj-example/linux, image: \"registry.example.com/quern:1\"" +
                       (taskcluster.empty() ? "" : ", " + taskcluster) + "}\n";
    auto parsed = parse_job({.path = "job.yml", .folder = "/jobs/os-count", .text = text});
    EXPECT_TRUE(parsed.ok()) << parsed.error().message;
    job = std::move(parsed).value().job;
    auto read = read_settings(job);
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
    if (read.ok()) settings = std::move(read).value();
  }
  void add(const std::string& url, std::uint64_t bytes = 1000) {
    inputs.push_back({.name = url, .path = "", .stored_bytes = bytes, .url = url});
  }
  void add_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) add("s3://telemetry/day/" + std::to_string(100000 + i) + ".xz");
  }
  Result<TaskGraph> make() const {
    return TaskGraph::make({.job = job,
                            .inputs = inputs,
                            .settings = settings,
                            .set_arguments = set_arguments,
                            .packed_job = packed_job,
                            .sealed_credentials = sealed_credentials,
                            .bucket = bucket,
                            .root_url = "https://tc.example.com",
                            .group_id = group_id,
                            .now = now});
  }
  TaskGraph graph() const {
    auto made = make();
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    return std::move(made).value();
  }
  std::string failure() const {
    auto made = make();
    return made.ok() ? "no failure" : made.error().message;
  }
};

inline nlohmann::ordered_json definition_of(const TaskGraph& graph, std::size_t task, UtcTime created) {
  return nlohmann::ordered_json::parse(graph.definition(task, created));
}

}  // namespace quern::plan
