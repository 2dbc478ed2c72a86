#include "app/group/job_plan.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/cli/console.h"
#include "app/job/result_folder.h"
#include "app/job/run_inputs.h"
#include "app/plan/plan.h"
#include "app/remote/remote_access.h"
#include "model/accounting.h"
#include "model/limits.h"
#include "model/taskcluster/task_report.h"
#include "services/archive/job_pack.h"
#include "services/credentials/key.h"
#include "services/disk/files.h"
#include "services/taskcluster/names.h"

namespace quern::app {
namespace {

constexpr const char* kSystemFolder = "/etc";

Error bad(const Job& job, std::string_view what) { return bad_config(fmt::format("{}: {}", job.file, what)); }

// A script in the job's folder is sent along with the job. Any other one must be in the image.
Result<void> check_script(const Job& job, const Worker& worker) {
  if (!worker.module.has_value()) return {};
  const Module& module = *worker.module;
  if (!module.expression.empty() || module.script.starts_with('/')) return {};
  std::string path = std::filesystem::path(module.script).lexically_normal().string();
  if (path == ".." || path.starts_with("../")) {
    return bad(job,
               fmt::format("the script {} is outside of the job's folder, which is all that tasks get", module.script));
  }
  bool may_be_on_path = module.language == Language::kBinary && module.script.find('/') == std::string::npos;
  std::error_code ignored;
  if (may_be_on_path || std::filesystem::is_regular_file(std::filesystem::path(job.folder) / path, ignored)) return {};
  return bad(job, fmt::format("there is no script {} in the folder {}", module.script, job.folder));
}

Result<void> check_packed(const Job& job) {
  if (job.folder == kSystemFolder) {
    return bad(job,
               fmt::format("the folder {} is not sent to tasks; name a job, or say with taskcluster.job: image that "
                           "the image has this one",
                           kSystemFolder));
  }
  if (!is_usual_name(std::filesystem::path(job.file).filename())) {
    return bad(job, fmt::format("tasks look for the job in {}; give the job file this name", kJobFileNames.front()));
  }
  for (const Step& step : job.steps) {
    TRY(check_script(job, step.mapper));
    if (step.combiner.has_value()) TRY(check_script(job, *step.combiner));
    if (step.reducer.has_value()) TRY(check_script(job, *step.reducer));
  }
  return {};
}

Result<std::string> pack(const Job& job, const plan::Settings& settings) {
  if (!settings.packs_job) return std::string();
  TRY(check_packed(job));
  return archive::pack_folder(job.folder, {.left_out = settings.pack_leaves_out,
                                           .most_text_bytes = limits::kMaxJobPackBytes,
                                           .most_folder_bytes = limits::kMaxJobFolderBytes})
      .context(fmt::format("packing the folder {} for the tasks", job.folder));
}

// Returns "" if nothing names the deployment.
Result<std::string> root_url(const plan::Settings& settings, const EnvironmentLookup& environment) {
  if (!settings.root_url.empty()) return settings.root_url;
  std::string value(variable_value(environment, "TASKCLUSTER_ROOT_URL"));
  if (value.empty()) return value;
  return taskcluster::normal_root_url(value).context("TASKCLUSTER_ROOT_URL");
}

// CREDENTIALS are sealed for the tasks. Without a key to open them here, the inputs are listed with the user's own
// credentials.
EnvironmentLookup lister_environment(const CommandLine& line, const EnvironmentLookup& environment) {
  std::error_code ignored;
  bool has_key = line.key.has_value() || !variable_value(environment, "QUERN_KEY_FILE").empty() ||
                 std::filesystem::exists(credentials::kSystemKeyFile, ignored);
  if (has_key) return environment;
  return [environment](const char* name) -> const char* {
    return std::string_view(name) == "CREDENTIALS" ? nullptr : environment(name);
  };
}

// Everything that determines what the tasks do, except their inputs.
std::string job_text(const JobPlan::Parts& parts) {
  std::string text = parts.packed_job + "\n" + parts.loaded.file.job.taskcluster_json + "\n";
  for (const std::string& setting : parts.loaded.overrides) text += setting + "\n";
  return text;
}

// Shows notes while inputs are listed.
class ListingNotes final : public EventSink {
 public:
  explicit ListingNotes(bool is_quiet) : is_quiet_(is_quiet) {}
  void emit(const event::Event& event) override {
    const auto* note = std::get_if<event::Note>(&event);
    if (note == nullptr || (is_quiet_ && note->level == event::Level::kInfo)) return;
    print_to_stderr("quern: " + note->text + "\n");
  }

 private:
  const bool is_quiet_;
};

Result<std::unique_ptr<JobPlan::Parts>> make_parts(const CommandLine& line, const EnvironmentLookup& environment,
                                                   const std::stop_token& stop) {
  auto parts = std::make_unique<JobPlan::Parts>();
  TRY_ASSIGN(parts->loaded, load_job(line));
  const Job& job = parts->loaded.file.job;
  TRY_ASSIGN(parts->settings, plan::read_settings(job));
  TRY(check_steps(job));
  TRY_ASSIGN(parts->root_url, root_url(parts->settings, environment));
  TRY(plan::check_required(job, parts->settings, parts->root_url));
  TRY_ASSIGN(parts->packed_job, pack(job, parts->settings));
  if (!line.no_sign_request) parts->sealed_credentials = variable_value(environment, "CREDENTIALS");
  ListingNotes notes(line.quiet);
  RemoteAccess remote(line, job.downloads, lister_environment(line, environment));
  TRY_ASSIGN(parts->inputs, list_planned_inputs(job, line, remote.peers(notes), stop));
  return parts;
}

}  // namespace

submit::WatchedThings watched_things(const plan::TaskGraph& graph) {
  return {.group_id = graph.group_id(),
          .task_id = graph.final_task().task_id,
          .artifact = fmt::format("{}/{}", graph.artifact_prefix(), kReportName)};
}

Result<JobPlanOptions> job_plan_options(const CommandLine& line) {
  JobPlanOptions options{.now = std::chrono::system_clock::now(), .group_id = line.tasks.group};
  if (options.group_id.has_value() && !taskcluster::is_slugid(*options.group_id)) {
    return bad_config(
        fmt::format("--group is '{}'; it must be the id of a task group, of 22 letters as Taskcluster "
                    "makes them",
                    *options.group_id));
  }
  if (!line.tasks.now.has_value()) return options;
  auto now = parse_utc(*line.tasks.now);
  if (!now.has_value()) {
    return bad_config(fmt::format("--now is '{}'; it must be a time such as 2026-01-31T12:00:00Z", *line.tasks.now));
  }
  options.now = *now;
  return options;
}

Result<JobPlan> plan_job(const CommandLine& line, const JobPlanOptions& options, const std::stop_token& stop) {
  const EnvironmentLookup environment = process_environment();
  TRY_ASSIGN(std::unique_ptr<const JobPlan::Parts> parts, make_parts(line, environment, stop));
  const Job& job = parts->loaded.file.job;
  TRY_ASSIGN(inputs::InputRequest named, input_request(job, line));
  TRY_ASSIGN(std::string endpoint, s3_endpoint(line, environment));
  TRY_ASSIGN(
      plan::TaskGraph graph,
      plan::TaskGraph::make({
          .job = job,
          .inputs = parts->inputs.inputs,
          .settings = parts->settings,
          .set_arguments = parts->loaded.overrides,
          .packed_job = parts->packed_job,
          .sealed_credentials = parts->sealed_credentials,
          .bucket = named.bucket,
          .s3_region = credentials::region_of(environment),
          .s3_endpoint = std::move(endpoint),
          .root_url = parts->root_url,
          .group_id = options.group_id.value_or(plan::group_id_of(job_text(*parts), parts->inputs.inputs, options.now)),
          .now = options.now,
      }));
  return JobPlan{.parts = std::move(parts), .graph = std::move(graph)};
}

namespace {

// Returns the names of quern's files in the job's folder, if the result goes there.
std::vector<std::string> left_by_quern(const Job& job) {
  std::error_code ignored;
  ResultPaths paths = result_paths(job.output, 1);
  const std::filesystem::path folder = disk::folder_of(paths.bad_records);
  if (job.output == "-" || !std::filesystem::equivalent(folder, job.folder, ignored)) return {};
  Accounting accounting;
  ResultFolder(std::move(paths)).describe(accounting);
  return accounting.files;
}

}  // namespace

Result<bool> has_folder_changed(const Job& job, const std::string& packed) {
  TRY_ASSIGN(plan::Settings settings, plan::read_settings(job));
  archive::PackOptions options{.left_out = settings.pack_leaves_out,
                               .most_text_bytes = limits::kMaxJobFolderBytes,
                               .most_folder_bytes = limits::kMaxJobFolderBytes};
  for (std::string& name : left_by_quern(job)) options.left_out.push_back(std::move(name));
  TRY_ASSIGN(disk::ScratchFolder scratch, disk::ScratchFolder::make(""));
  const std::string before = scratch.path() + "/job";
  TRY(disk::make_folders(before));
  TRY(archive::unpack_folder(packed, before, limits::kMaxJobFolderBytes));
  // Packs both again, because another version of zstd may have produced the packed text.
  TRY_ASSIGN(std::string then, archive::pack_folder(before, options));
  TRY_ASSIGN(std::string now, archive::pack_folder(job.folder, options));
  return then != now;
}

}  // namespace quern::app
