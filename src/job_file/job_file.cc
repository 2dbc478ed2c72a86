#include "job_file/job_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "job_file/job_file_checks.h"
#include "job_file/job_file_schema.h"
#include "job_file/job_file_settings.h"
#include "job_file/job_file_values.h"
#include "job_file/job_file_worker.h"
#include "job_file/job_file_yaml.h"

namespace quern {
namespace {

using namespace std::string_view_literals;
using job_file::FileSettings;
using job_file::Given;
using job_file::Settings;
using job_file::YamlNode;

// The file's settings, overridden by those of the environment and of --set.
Result<FileSettings> gather(const JobSources& sources) {
  TRY_ASSIGN(YamlNode root, job_file::parse_yaml({.text = sources.text, .name = sources.path}));
  TRY_ASSIGN(FileSettings gathered, job_file::settings_of_file(root, sources.path));
  TRY(job_file::add_environment(sources.environment, gathered.settings));
  for (const std::string& setting : sources.settings)
    TRY(job_file::add_argument(setting, sources.options, gathered.settings));
  return gathered;
}

bool has_reducer(const Settings& settings) {
  auto next = settings.lower_bound("reducer");
  return next != settings.end() && (next->first == "reducer" || next->first.starts_with("reducer."));
}

// The name of the reducer script next to the mapper in the short form, by the mapper's language; "" if the job cannot
// have one.
std::string reducer_beside_mapper(const FileSettings& gathered) {
  if (!gathered.is_short || has_reducer(gathered.settings)) return "";
  auto text_at = [&](const std::string& path) {
    auto found = gathered.settings.find(path);
    return found == gathered.settings.end() ? std::string() : found->second.node.text;
  };
  const std::string language = text_at("mapper.language");
  const std::string script = text_at("mapper.script");
  if (script.empty()) return "";
  std::string folder = script.substr(0, script.rfind('/') == std::string::npos ? 0 : script.rfind('/') + 1);
  if (language == "python") return folder + "reducer.py";
  if (language == "javascript") return folder + "reducer.js";
  return "";
}

// Adds the short form's reducer as if it were written. It inherits the mapper's interface and environment.
void add_reducer_beside_mapper(const JobSources& sources, FileSettings& gathered) {
  const std::string script = reducer_beside_mapper(gathered);
  bool is_there = script.ends_with(".py") ? sources.has_python_reducer : sources.has_javascript_reducer;
  if (script.empty() || !is_there) return;
  constexpr auto kOrigin = "beside the mapper";
  for (const char* key : {"language", "interface", "env", "interpreter"}) {
    auto found = gathered.settings.find(fmt::format("mapper.{}", key));
    if (found == gathered.settings.end()) continue;
    std::string path = fmt::format("reducer.{}", key);
    gathered.settings[path] = Given{found->second.node, kOrigin, path};
  }
  YamlNode node{.kind = YamlNode::Kind::kText, .quoted = true, .text = script};
  gathered.settings["reducer.script"] = Given{std::move(node), kOrigin, "reducer.script"};
}

Result<void> read_rows(const Settings& settings, Job& job) {
  for (const job_file::SettingRow& row : job_file::setting_rows()) {
    auto found = settings.find(std::string(row.path));
    if (found == settings.end()) continue;
    const Given& given = found->second;
    auto read = row.read(given.node, job);
    if (!read.ok()) {
      return bad_config(fmt::format("{}: {} {}", given.origin, given.label, read.error().message));
    }
  }
  return {};
}

// `group` and `aggregate` stand for a mapper and a reducer.
Result<Step> step_of_aggregate(const Job& job, const Settings& settings) {
  for (const auto& [path, given] : settings) {
    const bool is_worker = job_file::is_worker(path.substr(0, path.find('.')));
    if (!is_worker || path == "combiner") continue;
    return bad_config(
        fmt::format("{}: {} is next to aggregate ({}), which takes the place of mapper, combiner and "
                    "reducer; keep one of the two",
                    given.origin, given.label, settings.at("aggregate").origin));
  }
  Step step;
  step.mapper.builtin = Builtin{.name = std::string(kColumnsName), .keys = job.group, .columns = job.aggregate};
  step.reducer = step.mapper;
  return step;
}

Result<void> read_steps(const JobSources& sources, const FileSettings& gathered, Job& job) {
  const auto build_first = [&]() -> Result<Step> {
    if (!job.aggregate.empty()) return step_of_aggregate(job, gathered.settings);
    if (auto group = gathered.settings.find("group"); group != gathered.settings.end() && !job.group.empty()) {
      return bad_config(
          fmt::format("{}: group needs aggregate, which says what to compute for each group, as in "
                      "'aggregate: {{orders: count}}'",
                      group->second.origin));
    }
    return job_file::build_step({.file_name = sources.path, .is_short = gathered.is_short}, gathered.settings);
  };
  TRY_ASSIGN(Step first, build_first());
  job.steps.push_back(std::move(first));
  auto found = gathered.settings.find("steps");
  if (found == gathered.settings.end()) return {};
  TRY_ASSIGN(std::vector<Step> further, job_file::build_further_steps(found->second));
  std::move(further.begin(), further.end(), std::back_inserter(job.steps));
  return {};
}

std::string origin_of(const std::string& path, const Settings& settings) {
  auto found = settings.find(path);
  return found == settings.end() ? "default" : found->second.origin;
}

void list_worker(const std::string& section, const std::optional<Worker>& worker, const Settings& settings,
                 std::vector<SettingOrigin>& list) {
  for (job_file::ShownKey& shown : job_file::show_worker(worker)) {
    std::string path = shown.key.empty() ? section : section + "." + shown.key;
    list.push_back({path, std::move(shown.value), origin_of(path, settings)});
  }
}

std::vector<SettingOrigin> list_settings(const Job& job, const Settings& settings) {
  std::vector<SettingOrigin> list;
  list_worker("mapper", job.steps[0].mapper, settings, list);
  list_worker("combiner", job.steps[0].combiner, settings, list);
  list_worker("reducer", job.steps[0].reducer, settings, list);
  for (const job_file::SettingRow& row : job_file::setting_rows()) {
    if (row.path == "reducers"sv) {
      std::span<const Step> further = std::span(job.steps).subspan(1);
      list.push_back({"steps", job_file::show_steps(further), origin_of("steps", settings)});
    }
    list.push_back({std::string(row.path), row.show(job), origin_of(std::string(row.path), settings)});
  }
  return list;
}

}  // namespace

std::string reducer_beside_mapper(const JobSources& sources) {
  auto gathered = gather(sources);
  return gathered.ok() ? reducer_beside_mapper(gathered.value()) : "";
}

std::vector<std::string> setting_names() { return job_file::setting_paths(); }

std::vector<std::string> setting_words(std::string_view name) {
  for (const job_file::SettingRow& row : job_file::setting_rows()) {
    if (row.path == name && row.words != nullptr) return row.words();
  }
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::vector<std::string>()
                                       : job_file::worker_words(name.substr(0, dot), name.substr(dot + 1));
}

Result<JobFile> parse_job(const JobSources& sources) {
  TRY_ASSIGN(FileSettings gathered, gather(sources));
  add_reducer_beside_mapper(sources, gathered);
  JobFile result;
  result.job.file = sources.path;
  result.job.folder = sources.folder;
  TRY(read_rows(gathered.settings, result.job));
  TRY(read_steps(sources, gathered, result.job));
  TRY(job_file::check_together(result.job, gathered.settings, sources.path));
  result.settings = list_settings(result.job, gathered.settings);
  return result;
}

std::string describe(const JobFile& job_file) {
  std::size_t width = 0;
  // A single very long list must not push the origins of all others off the screen.
  constexpr std::size_t kWidest = 60;
  std::vector<std::string> lines;
  for (const SettingOrigin& setting : job_file.settings) {
    lines.push_back(setting.value.empty() ? fmt::format("# {} is not set", setting.key)
                                          : fmt::format("{}: {}", setting.key, setting.value));
    width = std::max(width, std::min(lines.back().size(), kWidest));
  }
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += fmt::format("{:<{}}  # {}\n", lines[i], width, job_file.settings[i].origin);
  }
  return text;
}

}  // namespace quern
