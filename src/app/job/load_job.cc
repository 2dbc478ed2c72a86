#include "app/job/load_job.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "app/job/result_folder.h"
#include "base/fd.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "services/json/selection.h"
#include "services/mail/mail.h"
#include "services/process/module_command.h"
#include "stages/mapper/pairs_mapper.h"

extern char** environ;

namespace quern::app {
namespace {

constexpr const char* kSystemJobFile = "/etc/analysis-tools.yml";

bool is_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

// Returns the job file in a folder ("" for the current one), if there is one.
std::optional<std::string> job_file_in(const std::string& folder) {
  for (const char* name : kJobFileNames) {
    std::string path = (std::filesystem::path(folder) / name).string();
    if (is_file(path)) return path;
  }
  return std::nullopt;
}

Result<std::string> find_job_file(const std::optional<std::string>& job) {
  std::error_code ignored;
  if (!job.has_value()) {
    if (auto found = job_file_in(""); found.has_value()) return *found;
    if (is_file(kSystemJobFile)) return std::string(kSystemJobFile);
    return bad_config(fmt::format("there is no job file: neither ./{} nor {} exists; name one, as in: quern run FOLDER",
                                  kJobFileNames.front(), kSystemJobFile));
  }
  if (std::filesystem::is_directory(*job, ignored)) {
    if (auto found = job_file_in(*job); found.has_value()) return *found;
    return bad_config(
        fmt::format("the folder {} has no {}; quern init makes a job to begin with", *job, kJobFileNames.front()));
  }
  if (!std::filesystem::exists(*job, ignored)) return bad_config(fmt::format("the job {} does not exist", *job));
  return *job;
}

std::map<std::string, std::string> quern_environment() {
  std::map<std::string, std::string> found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view text = *entry;
    std::size_t equals = text.find('=');
    if (text.starts_with("QUERN_") && equals != std::string_view::npos) {
      found.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return found;
}

// Numbers are found in texts, but true and false are not, and null only where a value may be missing.
Result<void> check_types(const Job& job, const std::vector<json::Condition>& where) {
  if (!job.format.has_value() || !is_flat(*job.format)) return {};
  const bool has_null = !has_only_texts(*job.format);
  auto is_never = [has_null](const json::Scalar& scalar) {
    using Kind = json::Scalar::Kind;
    return scalar.kind == Kind::kTrue || scalar.kind == Kind::kFalse || (scalar.kind == Kind::kNull && !has_null);
  };
  for (const json::Condition& condition : where) {
    if (condition.allowed.empty() || !std::all_of(condition.allowed.begin(), condition.allowed.end(), is_never))
      continue;
    return bad_config(
        fmt::format("{}: where: {} is true, false or null, and no value of {} is, because all are texts; put the word "
                    "in quotes, as in {}='\"true\"'",
                    job.file, condition.written, name_of(job.format->kind), condition.written));
  }
  return {};
}

// Checks the syntax of the paths in `fields`, `where` and the built-in mapper.
Result<void> check_paths(const Job& job) {
  auto selection = json::parse_selection(job.fields, job.where_json);
  if (!selection.ok()) return std::move(selection).error().with_context(job.file);
  TRY(check_types(job, selection.value().where));
  const std::optional<Builtin>& builtin = job.steps.front().mapper.builtin;
  if (!builtin.has_value()) return {};
  if (auto pairs = mapper::parse_pairs(*builtin); !pairs.ok()) return std::move(pairs).error().with_context(job.file);
  return {};
}

// Checks that the owner is an address that mail programs accept. It becomes part of a mail's header, or an argument of
// a server.
Result<void> check_owner(const Job& job) {
  if (job.notify.via == NotifyVia::kNone) return {};
  const bool is_by_taskcluster = job.notify.via == NotifyVia::kTaskcluster;
  return (is_by_taskcluster ? mail::check_full_address(job.owner) : mail::check_address(job.owner))
      .context(fmt::format("{}: owner", job.file));
}

// The prefix of a step's keys in the job file.
std::string place_of_step(std::size_t step) { return step == 0 ? "" : fmt::format("steps[{}].", step - 1); }

Result<void> check_module(const NamedModule& named, const Job& job) {
  const Module& module = named.module;
  auto found = module.interface == Interface::kFunction ? process::module_script(module, job.folder)
                                                        : [&]() -> Result<std::string> {
    TRY_ASSIGN(auto command, process::module_command(module, job.folder));
    return command.front();
  }();
  if (!found.ok()) return std::move(found).error().with_context(fmt::format("{}: {}", job.file, named.place));
  return {};
}

}  // namespace

bool has_usual_job_file() { return job_file_in("").has_value() || is_file(kSystemJobFile); }

bool is_usual_name(const std::string& file_name) {
  return std::find(kJobFileNames.begin(), kJobFileNames.end(), file_name) != kJobFileNames.end();
}

namespace {

Result<LoadedJob> load(const std::string& path, std::string folder_path, std::string text, const CommandLine& line) {
  JobSources sources{.path = path,
                     .folder = std::move(folder_path),
                     .text = std::move(text),
                     .environment = quern_environment(),
                     .settings = line.settings,
                     .options = line.options};
  const std::filesystem::path folder = sources.folder;
  std::vector<std::string> overrides = settings_of_environment(sources.environment);
  overrides.insert(overrides.end(), line.settings.begin(), line.settings.end());
  // In the short form, the reducer is next to the mapper, and only the job file says where that is.
  if (std::string reducer = reducer_beside_mapper(sources); !reducer.empty()) {
    bool is_there = is_file((folder / reducer).string());
    sources.has_python_reducer = is_there && reducer.ends_with(".py");
    sources.has_javascript_reducer = is_there && reducer.ends_with(".js");
  }
  TRY_ASSIGN(JobFile parsed, parse_job(sources));
  return LoadedJob{.file = std::move(parsed), .shown_path = path, .overrides = std::move(overrides)};
}

}  // namespace

Result<LoadedJob> load_job(const std::optional<std::string>& job, const CommandLine& line) {
  TRY_ASSIGN(std::string path, find_job_file(job));
  auto text = read_file(path, limits::kMaxJobFileBytes);
  if (!text.ok()) return bad_config("reading the job file: " + text.error().message);
  const auto absolute = disk::absolute_path(path, std::filesystem::current_path().string());
  return load(path, std::filesystem::path(absolute).parent_path().string(), std::move(text).value(), line);
}

namespace {

// Whether the job may be an input whose -i was forgotten. `quern map` and `quern reduce` take the job from an option.
bool may_be_input(const CommandLine& line) {
  if (line.command == CommandLine::Command::kMap || line.command == CommandLine::Command::kReduce) return false;
  return line.job.has_value() && !line.job->ends_with(".yml") && !line.job->ends_with(".yaml") && is_file(*line.job);
}

}  // namespace

Result<LoadedJob> load_job(const CommandLine& line) {
  if (std::error_code ignored; line.key_may_be_path && !std::filesystem::exists(*line.key, ignored)) {
    return bad_config(fmt::format("{}. With a job file, --key is the file of a private key, and {} does not exist",
                                  kNothingForEachKey, *line.key));
  }
  if (!line.job_text.empty()) {
    return load(std::string(kCommandLineJob), std::filesystem::current_path().string(), line.job_text, line);
  }
  auto loaded = load_job(line.job, line);
  if (loaded.ok() || !may_be_input(line) || loaded.error().message.find(*line.job) == std::string::npos) return loaded;
  Error error = std::move(loaded).error();
  error.message += fmt::format("; if {} is an input and not a job file, put -i before it", *line.job);
  return error;
}

std::vector<NamedModule> modules_of(const Job& job) {
  std::vector<NamedModule> modules;
  for (std::size_t i = 0; i < job.steps.size(); ++i) {
    auto add = [&](event::Role role, const Worker& worker) {
      if (!worker.module.has_value()) return;
      modules.push_back(
          {.place = place_of_step(i) + std::string(name_of(role)), .step = i, .role = role, .module = *worker.module});
    };
    const Step& step = job.steps[i];
    add(event::Role::kMapper, step.mapper);
    if (step.combiner.has_value()) add(event::Role::kCombiner, *step.combiner);
    if (step.reducer.has_value()) add(event::Role::kReducer, *step.reducer);
  }
  return modules;
}

Result<void> check_steps(const Job& job) {
  TRY(check_place_of_result(job.output));
  TRY(check_owner(job));
  TRY(check_paths(job));
  for (std::size_t i = 0; i < job.steps.size(); ++i) {
    const Step& step = job.steps[i];
    if (i > 0 && step.mapper.builtin.has_value()) {
      return bad_config(fmt::format("{}: {}mapper: a built-in mapper reads JSON records, and a further step maps pairs",
                                    job.file, place_of_step(i)));
    }
  }
  return {};
}

Result<void> check_job(const Job& job) {
  TRY(check_steps(job));
  for (const NamedModule& named : modules_of(job)) TRY(check_module(named, job));
  return {};
}

}  // namespace quern::app
