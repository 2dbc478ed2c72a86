#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "app/plan/patterns.h"
#include "app/plan/plan.h"
#include "app/plan/setting_tree.h"
#include "base/duration.h"
#include "base/nearest.h"
#include "base/text.h"
#include "base/utf8.h"
#include "job_file/job_file.h"
#include "job_file/job_file_settings.h"
#include "job_file/job_file_values.h"
#include "model/limits.h"
#include "services/taskcluster/names.h"

// One row for each key of the `taskcluster:` map. Messages continue after the key, like those of job_file_values.h.

namespace quern::plan {
namespace {

// How many tasks one task may depend on, so that their ids fit into one argument of a program; and how many inputs one
// map task may have.
constexpr std::size_t kMaxFanIn = 5000;
constexpr std::size_t kMaxLoadFiles = 10000;

using job_file::wrong_value;
using job_file::YamlNode;

constexpr std::string_view kEnvironment = "env.";
constexpr const char* kUsualImagePath = "public/image.tar.zst";
constexpr std::size_t kMostPrefixLetters = 500;

// Set for each task by quern or by the worker.
constexpr std::array<std::string_view, 15> kOwnVariables = {
    "CREDENTIALS", "INPUT_TASK_IDS", "OWNER",        "QUERN_ARTIFACTS",      "QUERN_ARTIFACT_PREFIX",
    "QUERN_FINAL", "QUERN_JOB",      "QUERN_BUCKET", "QUERN_PARTITION",      "QUERN_S3_CREDENTIALS",
    "RUN_ID",      "TASK_GROUP_ID",  "TASK_ID",      "TASKCLUSTER_ROOT_URL", "TASKCLUSTER_PROXY_URL",
};

Result<std::string> text_that(const YamlNode& node, bool (*is_right)(std::string_view), std::string_view expected) {
  TRY_ASSIGN(std::string text, job_file::text_of(node));
  if (!is_right(text)) return wrong_value(fmt::format("is '{}'; it must be {}", text, expected));
  return text;
}

Result<std::chrono::seconds> seconds_of(const YamlNode& node) {
  TRY_ASSIGN(auto duration, job_file::duration_of(node));
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  if (seconds.count() < 1) return wrong_value(fmt::format("is '{}'; it must be a second or more", node.text));
  return seconds;
}

// Only characters that have no special meaning in a URL, a scope or a path.
bool is_artifact_prefix(std::string_view text) {
  if (text.size() > kMostPrefixLetters || text.find("//") != std::string_view::npos) return false;
  auto is_safe = [](char c) { return is_project_id({&c, 1}); };
  std::string path = fmt::format("/{}/", text);
  bool has_dots = path.find("/../") != std::string::npos || path.find("/./") != std::string::npos;
  return !text.empty() && !text.starts_with('/') && !text.ends_with('/') && !has_dots &&
         std::all_of(text.begin(), text.end(), is_safe);
}

bool is_folder(std::string_view text) {
  bool is_plain =
      text.find("//") == std::string_view::npos && (std::string(text) + "/").find("/../") == std::string::npos;
  return text.size() > 1 && text.starts_with('/') && !text.ends_with('/') && is_plain && is_printable_ascii(text);
}

bool is_artifact_name(std::string_view text) {
  return !text.empty() && text.size() <= limits::kMaxArtifactNameBytes && is_printable_ascii(text);
}

Result<void> read_root_url(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(std::string text, job_file::text_of(node));
  auto url = taskcluster::normal_root_url(text);
  if (!url.ok()) return wrong_value(fmt::format("is wrong: {}", url.error().message));
  settings.root_url = std::move(url).value();
  return {};
}

Result<void> read_priority(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(std::size_t choice, job_file::choice_of(node, kPriorities));
  settings.priority = kPriorities.at(choice);
  return {};
}

Result<void> read_job_place(const YamlNode& node, Settings& settings) {
  static const std::array<std::string, 2> words = {"pack", "image"};
  TRY_ASSIGN(std::size_t choice, job_file::choice_of(node, words));
  settings.packs_job = choice == 0;
  return {};
}

Result<void> read_s3_access(const YamlNode& node, Settings& settings) {
  static const std::array<std::string, 3> words = {"none", "sealed", "taskcluster"};
  TRY_ASSIGN(std::size_t choice, job_file::choice_of(node, words));
  settings.s3_access = static_cast<S3Access>(choice);
  return {};
}

Result<void> read_scopes(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.scopes, job_file::texts_of(node));
  for (const std::string& scope : settings.scopes) {
    if (!is_printable_ascii(scope) || scope.ends_with("**")) {
      return wrong_value(fmt::format("has '{}'; a scope is printable ASCII, and ends in one * at most", scope));
    }
  }
  return {};
}

Result<void> read_routes(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.routes, job_file::texts_of(node));
  if (settings.routes.size() > limits::kMaxTaskRoutes) {
    return wrong_value(
        fmt::format("has {} entries; a task may have {}", settings.routes.size(), limits::kMaxTaskRoutes));
  }
  for (const std::string& route : settings.routes) {
    if (utf8::count_characters(route) > limits::kMaxTaskRoute) {
      return wrong_value(fmt::format("has '{}', which is longer than {} characters", route, limits::kMaxTaskRoute));
    }
    if (std::count(settings.routes.begin(), settings.routes.end(), route) > 1) {
      return wrong_value(fmt::format("has '{}' twice", route));
    }
  }
  return {};
}

Result<void> read_deadline(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.deadline, seconds_of(node));
  if (settings.deadline <= limits::kMaxTaskLife) return {};
  return wrong_value(fmt::format("is '{}'; Taskcluster takes at most 5 days", node.text));
}

Result<void> read_expiry(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.expires, seconds_of(node));
  if (settings.expires <= limits::kMaxTaskExpiry) return {};
  return wrong_value(fmt::format("is '{}'; it must be 10 years at most", node.text));
}

Result<void> read_run_time(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.max_run_time, seconds_of(node));
  return {};
}

Result<void> read_patience(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.patience, seconds_of(node));
  if (settings.patience <= limits::kMostTaskclusterPatience) return {};
  return wrong_value(
      fmt::format("is '{}'; it must be {} at most", node.text, format_duration(limits::kMostTaskclusterPatience)));
}

Result<void> read_retries(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(std::uint64_t count, job_file::count_of(node, {.least = 0, .most = limits::kMaxTaskRetries}));
  settings.retries = static_cast<int>(count);
  return {};
}

Result<void> read_load_bytes(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.load_bytes, job_file::bytes_of(node, 1));
  return {};
}

Result<void> read_load_files(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.load_files, job_file::count_of(node, {.least = 1, .most = kMaxLoadFiles}));
  return {};
}

Result<void> read_fan_in(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.fan_in, job_file::count_of(node, {.least = 2, .most = kMaxFanIn}));
  return {};
}

Result<void> read_left_out(const YamlNode& node, Settings& settings) {
  TRY_ASSIGN(settings.pack_leaves_out, job_file::texts_of(node));
  return {};
}

// A setting that is a single text of a certain form.
struct TextRow {
  std::string_view path;
  std::string& (*target)(Settings& settings);
  bool (*is_right)(std::string_view text);
  std::string_view expected;
};

constexpr std::array kTextRows = {
    TextRow{"task_queue", [](Settings& settings) -> std::string& { return settings.task_queue; }, is_task_queue_id,
            "PROVISIONER/WORKER-TYPE, as in proj-example/linux"},
    TextRow{"image", [](Settings& settings) -> std::string& { return settings.image.name; }, is_image_name,
            "the name of an image, as in registry/name@sha256:..."},
    TextRow{"image.task", [](Settings& settings) -> std::string& { return settings.image.task_id; },
            taskcluster::is_slugid, "the id of a task"},
    TextRow{"image.index", [](Settings& settings) -> std::string& { return settings.image.name_space; }, is_index_path,
            "a path in the index, with dots between its parts"},
    TextRow{"image.path", [](Settings& settings) -> std::string& { return settings.image.path; }, is_artifact_name,
            "the name of an artifact"},
    TextRow{"scheduler_id", [](Settings& settings) -> std::string& { return settings.scheduler_id; }, is_scheduler_id,
            "1 to 38 letters, digits, - and _"},
    TextRow{"project_id", [](Settings& settings) -> std::string& { return settings.project_id; }, is_project_id,
            "1 to 500 letters, digits, '.', _, / and -"},
    TextRow{"artifact_prefix", [](Settings& settings) -> std::string& { return settings.artifact_prefix; },
            is_artifact_prefix, "letters, digits, '.', _ and - in parts with / between, as in public/quern"},
    TextRow{"work_folder", [](Settings& settings) -> std::string& { return settings.work_folder; }, is_folder,
            "an absolute path without / at its end, as in /home/worker"},
    TextRow{"source", [](Settings& settings) -> std::string& { return settings.source; }, is_source,
            "a URL that begins with https://, http://, ssh:// or git@, of 4096 characters at most"},
};

struct SettingRow {
  std::string_view path;
  Result<void> (*read)(const YamlNode& node, Settings& settings);
};

constexpr std::array kRows = {
    SettingRow{"root_url", read_root_url},     SettingRow{"priority", read_priority},
    SettingRow{"deadline", read_deadline},     SettingRow{"expires", read_expiry},
    SettingRow{"max_run_time", read_run_time}, SettingRow{"routes", read_routes},
    SettingRow{"scopes", read_scopes},         SettingRow{"retries", read_retries},
    SettingRow{"load.bytes", read_load_bytes}, SettingRow{"load.files", read_load_files},
    SettingRow{"fan_in", read_fan_in},         SettingRow{"job", read_job_place},
    SettingRow{"leave_out", read_left_out},    SettingRow{"s3_credentials", read_s3_access},
    SettingRow{"patience", read_patience},
};

Result<void> read_variable(const std::string& name, const YamlNode& node, Settings& settings) {
  if (!is_variable_name(name)) return wrong_value("is not the name of an environment variable");
  auto is_name = [&](std::string_view own) { return own == name; };
  if (std::any_of(kOwnVariables.begin(), kOwnVariables.end(), is_name)) {
    return wrong_value("cannot be set: quern or the worker sets it for each task");
  }
  for (const std::string& setting : setting_names()) {
    if (job_file::variable_of(setting) != name) continue;
    return wrong_value(fmt::format("sets {} of the job: set that instead", setting));
  }
  TRY_ASSIGN(std::string text, job_file::any_text_of(node));
  if (!node.quoted && text.find('.') != std::string::npos) {
    // 1.10, for example, arrives here as 1.1.
    return wrong_value("is a number with a point, which may be meant otherwise: put it in quotes");
  }
  settings.environment[name] = std::move(text);
  return {};
}

Error unknown_key(const std::string& path) {
  std::vector<std::string> paths = {"env"};
  for (const TextRow& row : kTextRows) paths.emplace_back(row.path);
  for (const SettingRow& row : kRows) paths.emplace_back(row.path);
  std::optional<std::string> meant = nearest(path, paths);
  if (meant.has_value()) return wrong_value(fmt::format("is not a setting; did you mean taskcluster.{}?", *meant));
  return wrong_value(fmt::format("is not a setting; there are {}", fmt::join(paths, ", ")));
}

Result<void> read_entry(const std::string& path, const YamlNode& node, Settings& settings) {
  if (path.starts_with(kEnvironment)) return read_variable(path.substr(kEnvironment.size()), node, settings);
  for (const TextRow& row : kTextRows) {
    if (row.path != path) continue;
    TRY_ASSIGN(row.target(settings), text_that(node, row.is_right, row.expected));
    return {};
  }
  for (const SettingRow& row : kRows) {
    if (row.path == path) return row.read(node, settings);
  }
  return unknown_key(path);
}

Result<void> settle_image(Image& image) {
  int forms = static_cast<int>(!image.name.empty()) + static_cast<int>(!image.task_id.empty()) +
              static_cast<int>(!image.name_space.empty());
  if (forms > 1) return wrong_value("image is said in several ways: a name, or {task:, path:}, or {index:, path:}");
  bool is_artifact = !image.task_id.empty() || !image.name_space.empty();
  if (!image.path.empty() && !is_artifact) {
    return wrong_value("image.path is of an artifact; say with image.task or image.index of which task");
  }
  if (is_artifact && image.path.empty()) image.path = kUsualImagePath;
  return {};
}

Result<Settings> settings_of(const SettingTree& tree) {
  Settings settings;
  for (const auto& [path, node] : tree) {
    auto read = read_entry(path, node, settings);
    if (!read.ok()) return wrong_value(fmt::format("{} {}", path, read.error().message));
  }
  TRY(settle_image(settings.image));
  if (settings.expires < settings.deadline) {
    return wrong_value(fmt::format("expires is {}, before the deadline, which is {}", format_duration(settings.expires),
                                   format_duration(settings.deadline)));
  }
  return settings;
}

}  // namespace

Result<Settings> read_settings(const Job& job) {
  auto named = [&](Error error) {
    error.message = fmt::format("{}: taskcluster.{}", job.file, error.message);
    return error;
  };
  auto tree = setting_tree(job.taskcluster_json);
  if (!tree.ok()) return named(std::move(tree).error());
  auto settings = settings_of(tree.value());
  if (!settings.ok()) return named(std::move(settings).error());
  return settings;
}

}  // namespace quern::plan
