#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "app/plan/plan.h"
#include "job_file/job_file.h"

namespace quern::plan {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;

Result<Settings> settings_from(const std::string& taskcluster, std::vector<std::string> arguments = {}) {
  auto job = parse_job({.path = "job.yml",
                        .folder = "/job",
                        .text = "language: python\nscript: m.py\ntaskcluster:\n" + taskcluster,
                        .settings = std::move(arguments)});
  EXPECT_TRUE(job.ok()) << (job.ok() ? "" : job.error().message);
  return read_settings(job.value().job);
}

Settings read(const std::string& taskcluster, std::vector<std::string> arguments = {}) {
  auto settings = settings_from(taskcluster, std::move(arguments));
  EXPECT_TRUE(settings.ok()) << (settings.ok() ? "" : settings.error().message);
  return settings.ok() ? std::move(settings).value() : Settings();
}

TEST(TaskclusterSettings, HaveDefaults) {
  Settings settings = read("");
  EXPECT_EQ(settings.scheduler_id, "-");
  EXPECT_EQ(settings.project_id, "none");
  EXPECT_EQ(settings.priority, "lowest");
  EXPECT_EQ(settings.deadline, hours(24));
  EXPECT_EQ(settings.expires, hours(24 * 30));
  EXPECT_EQ(settings.max_run_time, hours(2));
  EXPECT_EQ(settings.artifact_prefix, "public/quern");
  EXPECT_EQ(settings.work_folder, "/home/worker");
  EXPECT_EQ(settings.retries, 5);
  EXPECT_EQ(settings.patience, std::chrono::minutes(5));
  EXPECT_EQ(settings.load_bytes, 1ULL << 30);
  EXPECT_EQ(settings.load_files, 50U);
  EXPECT_EQ(settings.fan_in, 500U);
  EXPECT_TRUE(settings.packs_job);
  EXPECT_FALSE(settings.s3_access.has_value());
}

TEST(TaskclusterSettings, AreReadAsAPersonMeansThem) {
  Settings settings = read(R"(
  root_url: https://tc.example.com/
  task_queue: proj-example/linux
  image: registry.example.com/quern@sha256:0123
  scheduler_id: quern
  project_id: some/project
  priority: low
  deadline: 1h30m
  expires: 7 days
  max_run_time: 3600
  artifact_prefix: project/some/quern
  work_folder: /work
  routes: index.project.some.latest
  scopes: [a, "b:*"]
  retries: 0
  patience: 90s
  load: {bytes: 256MiB, files: 10}
  fan_in: 1_000
  job: image
  leave_out: [data, notes.txt]
  s3_credentials: taskcluster
  env: {TZ: UTC, DEBUG: 1, FLAG: yes, VERSION: "1.10"}
  source: https://example.com/job
)");
  EXPECT_EQ(settings.root_url, "https://tc.example.com");
  EXPECT_EQ(settings.task_queue, "proj-example/linux");
  EXPECT_EQ(settings.image.name, "registry.example.com/quern@sha256:0123");
  EXPECT_EQ(settings.scheduler_id, "quern");
  EXPECT_EQ(settings.project_id, "some/project");
  EXPECT_EQ(settings.priority, "low");
  EXPECT_EQ(settings.deadline, minutes(90));
  EXPECT_EQ(settings.expires, hours(24 * 7));
  EXPECT_EQ(settings.max_run_time, hours(1));
  EXPECT_EQ(settings.artifact_prefix, "project/some/quern");
  EXPECT_EQ(settings.work_folder, "/work");
  EXPECT_THAT(settings.routes, ElementsAre("index.project.some.latest"));
  EXPECT_THAT(settings.scopes, ElementsAre("a", "b:*"));
  EXPECT_EQ(settings.retries, 0);
  EXPECT_EQ(settings.patience, std::chrono::seconds(90));
  EXPECT_EQ(settings.load_bytes, 256ULL << 20);
  EXPECT_EQ(settings.load_files, 10U);
  EXPECT_EQ(settings.fan_in, 1000U);
  EXPECT_FALSE(settings.packs_job);
  EXPECT_THAT(settings.pack_leaves_out, ElementsAre("data", "notes.txt"));
  EXPECT_EQ(settings.s3_access, S3Access::kTaskcluster);
  EXPECT_EQ(settings.environment,
            (std::map<std::string, std::string>{{"TZ", "UTC"}, {"DEBUG", "1"}, {"FLAG", "yes"}, {"VERSION", "1.10"}}));
  EXPECT_EQ(settings.source, "https://example.com/job");
}

TEST(TaskclusterSettings, TakeSingleKeysOfTheirMaps) {
  Settings settings = read("  load: {bytes: 1GiB, files: 10}\n  env: {A: x}\n",
                           {"taskcluster.load.files=20", "taskcluster.env.B=y", "taskcluster.fan_in=7"});
  EXPECT_EQ(settings.load_bytes, 1ULL << 30);
  EXPECT_EQ(settings.load_files, 20U);
  EXPECT_EQ(settings.fan_in, 7U);
  EXPECT_EQ(settings.environment, (std::map<std::string, std::string>{{"A", "x"}, {"B", "y"}}));
}

TEST(TaskclusterSettings, KnowImagesOfTasksAndOfTheIndex) {
  Settings of_task = read("  image: {task: fOF8Cqj0QPKbvczC2dnXiQ}\n");
  EXPECT_EQ(of_task.image.task_id, "fOF8Cqj0QPKbvczC2dnXiQ");
  EXPECT_EQ(of_task.image.path, "public/image.tar.zst");
  Settings of_index = read("  image: {index: project.some.image, path: public/i.tar}\n");
  EXPECT_EQ(of_index.image.name_space, "project.some.image");
  EXPECT_EQ(of_index.image.path, "public/i.tar");
}

// The manual page for users, so that it cannot become outdated; empty if the sources are not available.
std::string manual() {
  const char* source = std::getenv("QUERN_SOURCE_DIR");
  std::ifstream file(std::string(source == nullptr ? "." : source) + "/docs/taskcluster.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TaskclusterSettings, StandInTheManual) {
  const std::string text = manual();
  if (text.empty()) GTEST_SKIP() << "docs/taskcluster.md is not there; QUERN_SOURCE_DIR names the sources";
  // The message about an unknown key lists all known ones.
  std::string known = settings_from("  qqqqqqqqqqqq: 1\n").error().message;
  std::stringstream names(known.substr(known.find("there are ") + 10));
  std::size_t count = 0;
  for (std::string name; std::getline(names >> std::ws, name, ',');) {
    if (name.starts_with("image.")) continue;
    EXPECT_THAT(text, ::testing::HasSubstr("\n| `" + name + "` | ")) << name;
    ++count;
  }
  EXPECT_EQ(count, 23U);
}

TEST(TaskclusterSettings, OfTheManualsExampleAreRight) {
  const std::string text = manual();
  if (text.empty()) GTEST_SKIP() << "docs/taskcluster.md is not there; QUERN_SOURCE_DIR names the sources";
  std::size_t begin = text.find("```yaml\n") + 8;
  auto job =
      parse_job({.path = "example", .folder = "/job", .text = text.substr(begin, text.find("```", begin) - begin)});
  ASSERT_TRUE(job.ok()) << job.error().message;
  auto settings = read_settings(job.value().job);
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings.value().deadline, hours(12));
}

TEST(TaskclusterSettings, SayWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"fan_inn: 3", "fan_inn is not a setting; did you mean taskcluster.fan_in?"},
      {"load: {byte: 1}", "load.byte is not a setting; did you mean taskcluster.load.bytes?"},
      {"load: 1GiB", "load is text; it must be a map such as {bytes: 1GiB, files: 50}"},
      {"load: {files: 0}", "load.files is '0'; it must be a whole number from 1 to 10000"},
      {"load: {bytes: much}", "load.bytes is 'much'; it must be a size such as 512MiB or 1GiB"},
      {"fan_in: 1", "fan_in is '1'; it must be a whole number from 2 to 5000"},
      {"root_url: tc.example.com", "root_url is wrong: "},
      {"task_queue: linux", "task_queue is 'linux'; it must be PROVISIONER/WORKER-TYPE, as in proj-example/linux"},
      {"task_queue: a/B", "task_queue is 'a/B'; it must be "},
      {"image: \"a b\"", "image is 'a b'; it must be the name of an image"},
      {"image: {task: x}", "image.task is 'x'; it must be the id of a task"},
      {"image: {index: a/b}", "image.index is 'a/b'; it must be a path in the index"},
      {"image: {path: public/i}", "image.path is of an artifact; say with image.task or image.index of which task"},
      {"image: {task: fOF8Cqj0QPKbvczC2dnXiQ, index: a.b}", "image is said in several ways"},
      {"image: [a]", "image is a list; it must be a map such as {task: ID, path: public/image.tar.zst}"},
      {"scheduler_id: a/b", "scheduler_id is 'a/b'; it must be 1 to 38 letters, digits, - and _"},
      {"project_id: a b", "project_id is 'a b'; it must be "},
      {"priority: urgent",
       "priority is 'urgent'; it must be highest, very-high, high, medium, low, very-low or lowest"},
      {"deadline: soon", "deadline is wrong: "},
      {"deadline: 6 days", "deadline is '6 days'; Taskcluster takes at most 5 days"},
      {"deadline: 500ms", "deadline is '500ms'; it must be a second or more"},
      {"expires: 11 h", "expires is 11h, before the deadline, which is 24h"},
      {"artifact_prefix: /public", "artifact_prefix is '/public'; it must be letters"},
      {"artifact_prefix: a/../b", "artifact_prefix is 'a/../b'; it must be letters"},
      {"artifact_prefix: 100%", "artifact_prefix is '100%'; it must be letters"},
      {"work_folder: home", "work_folder is 'home'; it must be an absolute path"},
      {"routes: [a, a]", "routes has 'a' twice"},
      {"routes: [a, \"\"]", "routes item 2 is empty"},
      {"scopes: [\"a**\"]", "scopes has 'a**'; a scope is printable ASCII, and ends in one * at most"},
      {"retries: 50", "retries is '50'; it must be a whole number from 0 to 49"},
      {"patience: 11m", "patience is '11m'; it must be 10m at most"},
      {"patience: 500ms", "patience is '500ms'; it must be a second or more"},
      {"job: packed", "job is 'packed'; it must be pack or image; did you mean pack?"},
      {"s3_credentials: seal",
       "s3_credentials is 'seal'; it must be none, sealed or taskcluster; did you mean sealed?"},
      {"env: x", "env is text; it must be a map such as {TZ: UTC}"},
      {"env: {1A: x}", "env.1A is not the name of an environment variable"},
      {"env: {A: 1.10}", "env.A is a number with a point, which may be meant otherwise: put it in quotes"},
      {"env: {A: [1]}", "env.A is a list; it must be text"},
      {"env: {QUERN_JOB: x}", "env.QUERN_JOB cannot be set: quern or the worker sets it for each task"},
      {"env: {QUERN_REDUCERS: 3}", "env.QUERN_REDUCERS sets reducers of the job: set that instead"},
      {"source: example.com", "source is 'example.com'; it must be a URL"},
      {"source: \"https://" + std::string(4096, 'a') + "\"", "source is 'https://aaa"},
  };
  for (const auto& [text, message] : rows) {
    auto settings = settings_from("  " + text + "\n");
    ASSERT_FALSE(settings.ok()) << text;
    EXPECT_EQ(settings.error().kind, ErrorKind::kBadConfig) << text;
    EXPECT_THAT(settings.error().message, ::testing::StartsWith("job.yml: taskcluster." + message)) << text;
  }
}

}  // namespace
}  // namespace quern::plan
