#include "app/job/result_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/shown_url.h"
#include "base/text.h"
#include "model/compression.h"
#include "model/taskcluster/task_report.h"
#include "services/disk/files.h"
#include "services/s3/address.h"
#include "stages/output/encoder.h"
#include "stages/output/output.h"

namespace quern::app {
namespace {

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// If an accounting does not list its files, they follow from its result.
std::vector<std::string> files_of(const Accounting& accounting) {
  if (!accounting.files.empty() || accounting.result.empty()) return accounting.files;
  return {base_name(accounting.result)};
}

// Whether it is a log that quern began.
bool is_log(const std::string& path) {
  constexpr std::string_view kBegin = R"({"event":)";
  std::array<char, kBegin.size()> bytes{};
  auto fd = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd.ok()) return false;
  auto count = read_some(fd.value(), bytes);
  return count.ok() && std::string_view(bytes.data(), count.value()) == kBegin;
}

// Whether the name is that of a compressed file or an archive as which results are not written.
bool names_what_is_not_written(const std::string& output) {
  constexpr std::array<std::string_view, 7> kEndings = {".z", ".zip", ".7z", ".rar", ".lz", ".lzo", ".tar"};
  const Compression compression = compression_of_name(output);
  if (compression != Compression::kNone && !output::can_encode(compression)) return true;
  const std::string ending = std::filesystem::path(decoded_name(output)).extension();
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view one) { return equals_ignoring_case(ending, one); });
}

// Whether it is a file that modules import or read.
bool is_of_a_module(const std::string& path) {
  constexpr std::array<std::string_view, 10> kEndings = {".py", ".js",  ".mjs", ".cjs", ".so",
                                                         ".sh", ".awk", ".pl",  ".yml", ".yaml"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view one) { return path.ends_with(one); });
}

std::string below(const std::string& folder, const std::string& path) {
  return path.starts_with('/') ? path : folder + "/" + path;
}

Result<void> check_worker(const inputs::OwnFiles& own, const Job& job, const Worker& worker) {
  if (!worker.module.has_value()) return {};
  if (worker.module->expression.empty()) {
    TRY(own.check("the script " + worker.module->script, below(job.folder, worker.module->script)));
  }
  for (const std::string& argument : worker.module->arguments) {
    TRY(own.check("the argument " + argument, below(job.folder, argument)));
  }
  return {};
}

}  // namespace

Result<void> check_place_of_result(const std::string& output) {
  if (names_what_is_not_written(output)) {
    return bad_config(
        fmt::format("output is {}, and results are text, or compressed as .gz, .zst or .xz, but not archives; choose a "
                    "name such as {} or {}.gz",
                    shown_url(output), kResultName, kResultName));
  }
  if (output.find("://") == std::string::npos) return {};
  if (!s3::is_s3_url(output)) {
    return bad_config(
        fmt::format("output is {}, and results go to files, to s3://bucket/key, or with -o - to standard output; write "
                    "to a file and copy that",
                    shown_url(output)));
  }
  TRY_ASSIGN(const s3::ObjectName name, s3::parse_s3_url(output).context("output"));
  if (!name.key.empty() && !name.key.ends_with('/')) return {};
  return bad_config(fmt::format("output is {}, which names no object; add a name, as in s3://{}/{}{}", output,
                                name.bucket, name.key, kResultName));
}

const char* reason_for_one_result(const std::string& output) {
  if (output == "-") return "there are several results, which cannot all go to standard output";
  if (disk::is_device(output)) return "there are several results, which cannot all go to a device";
  if (s3::is_s3_url(output)) return "there are several results, and only one can go to S3; write them to files";
  return nullptr;
}

ResultPaths result_paths(const std::string& output, std::size_t count) {
  if (output == "-") return {.results = {}, .accounting = "", .bad_records = kBadRecordsName};
  if (s3::is_s3_url(output)) {
    return {.results = {}, .accounting = kAccountingName, .bad_records = kBadRecordsName, .object = output};
  }
  if (disk::is_device(output)) return {.results = {output}, .accounting = "", .bad_records = kBadRecordsName};
  std::filesystem::path folder = std::filesystem::path(output).parent_path();
  ResultPaths paths{.results = {},
                    .accounting = (folder / kAccountingName).string(),
                    .bad_records = (folder / kBadRecordsName).string()};
  if (count == 1) paths.results.push_back(output);
  for (std::size_t i = 0; count > 1 && i < count; ++i) paths.results.push_back(fmt::format("{}.{}", output, i));
  return paths;
}

ResultFolder::ResultFolder(ResultPaths paths) : paths_(std::move(paths)) {
  folder_ = paths_.bad_records.substr(0, paths_.bad_records.size() - base_name(paths_.bad_records).size());
  if (!paths_.results.empty()) base_ = base_name(paths_.results.front());
  if (paths_.results.size() > 1) base_.resize(base_.rfind('.'));
  auto accounting = inputs::accounting_at(path_of(kAccountingName));
  has_accounting_ = accounting.has_value();
  if (has_accounting_) earlier_ = files_of(*accounting);
  find_own_files();
}

std::string ResultFolder::path_of(const std::string& name) const { return folder_ + name; }

void ResultFolder::find_own_files() {
  for (const std::string& path : paths_.results) {
    own_.add(path, {.role = "result", .is_querns = contains(earlier_, base_name(path))});
  }
  own_.add(paths_.accounting, {.role = "accounting", .is_querns = has_accounting_});
  own_.add(paths_.bad_records, {.role = "bad records", .is_querns = inputs::is_left_by_a_run(paths_.bad_records)});
  own_.add(paths_.log, {.role = "log", .is_querns = is_log(paths_.log)});
  // The shell redirects standard output to a file before quern starts.
  own_.set_object(paths_.object);
  if (paths_.results.empty() && paths_.object.empty()) own_.add("/dev/stdout", {.role = "result", .is_querns = true});
  own_.add("/dev/stderr", {.role = "", .is_querns = true});
  for (const std::string& name : earlier_) own_.add(path_of(name), {.role = "", .is_querns = true});
}

Result<void> ResultFolder::check(const Job& job, const CommandLine& line) const {
  TRY_ASSIGN(const std::string working_folder, disk::working_folder());
  std::map<std::string, std::string> roles = {};
  auto add = [&](const std::string& role, const std::string& path) -> Result<void> {
    if (path.empty()) return {};
    auto [known, is_new] = roles.emplace(disk::absolute_path(path, working_folder), role);
    if (is_new) return {};
    return bad_config(fmt::format("the {} and the {} would both be {}; name another place with {}", known->second, role,
                                  path, role == "log" ? "--log" : "-o"));
  };
  TRY(add("accounting", paths_.accounting));
  TRY(add("bad records", paths_.bad_records));
  for (const std::string& path : paths_.results) TRY(add("result", path));
  TRY(add("log", paths_.log));
  // Files that modules import are not listed in the job.
  for (const auto& [path, role] : roles) {
    if (is_of_a_module(path) && path.starts_with(job.folder + "/")) TRY(own_.check("the module " + path, path));
  }
  TRY(own_.check("the job file " + job.file, job.file));
  if (job.filter.has_value()) TRY(own_.check("the filter " + *job.filter, below(job.folder, *job.filter)));
  if (job.manifest.has_value()) TRY(own_.check("the manifest " + *job.manifest, below(job.folder, *job.manifest)));
  if (line.manifest.has_value()) TRY(own_.check("the manifest " + *line.manifest, *line.manifest));
  if (line.key.has_value()) TRY(own_.check("the key " + *line.key, *line.key));
  for (const Step& step : job.steps) {
    TRY(check_worker(own_, job, step.mapper));
    if (step.combiner.has_value()) TRY(check_worker(own_, job, *step.combiner));
    if (step.reducer.has_value()) TRY(check_worker(own_, job, *step.reducer));
  }
  return {};
}

// Whether it is the result or one of its parts, with any number.
bool ResultFolder::is_of_this_name(const std::string& name) const {
  if (base_.empty() || !name.starts_with(base_)) return false;
  std::string_view rest = std::string_view(name).substr(base_.size());
  return rest.empty() || (rest.size() > 1 && rest[0] == '.' && rest.find_first_not_of("0123456789", 1) == rest.npos);
}

Result<void> ResultFolder::make_way() const {
  auto remove = [](const std::string& path) -> Result<void> {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return os_error("removing " + path + ", which belongs to an earlier result", errno);
  };
  if (paths_.accounting.empty()) return {};
  if (has_accounting_) TRY(remove(paths_.accounting));
  for (const std::string& name : earlier_) {
    if (is_of_this_name(name) && !contains(paths_.results, path_of(name))) TRY(remove(path_of(name)));
  }
  return {};
}

std::vector<std::string> ResultFolder::strangers() const {
  std::vector<std::string> found;
  std::error_code error;
  if (base_.empty()) return found;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.empty() ? "." : folder_, error)) {
    const std::string name = entry.path().filename();
    if (is_of_this_name(name) && !contains(earlier_, name) && !contains(paths_.results, path_of(name))) {
      found.push_back(name);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

void ResultFolder::describe(Accounting& accounting) const {
  const bool has_result = accounting.outcome == Outcome::kDone || accounting.outcome == Outcome::kDoneWithLosses;
  std::vector<std::string>& files = accounting.files;
  files = earlier_;
  files.emplace_back(kAccountingName);
  if (accounting.records_bad + accounting.groups_bad > 0) files.emplace_back(kBadRecordsName);
  for (const std::string& path : paths_.results) {
    if (has_result) files.push_back(base_name(path));
  }
  if (!paths_.object.empty()) files.emplace_back(kNotUploadedName);
  if (!paths_.log.empty() && disk::folder_of(paths_.log) == disk::folder_of(paths_.bad_records)) {
    files.push_back(base_name(paths_.log));
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  std::erase_if(files, [&](const std::string& name) {
    return name != kAccountingName && name != kBadRecordsName && ::access(path_of(name).c_str(), F_OK) != 0;
  });
  if (has_result) return;
  std::vector<std::string> results = paths_.results;
  for (const std::string& name : files) {
    if (is_of_this_name(name)) results.push_back(path_of(name));
  }
  for (const std::string& path : results) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    accounting.previous_result = path;
    accounting.previous_time = std::chrono::system_clock::from_time_t(status.st_mtime);
    return;
  }
}

void ResultFolder::remove_bad_records() const {
  if (inputs::is_left_by_a_run(paths_.bad_records)) ::unlink(paths_.bad_records.c_str());
}

Result<void> ResultFolder::write(const Accounting& accounting) const {
  if (paths_.accounting.empty()) return {};
  auto written = output::write_accounting(accounting, paths_.accounting);
  if (written.ok()) return written;
  // The file of an earlier run would be taken for this run's.
  if (has_accounting_) ::unlink(paths_.accounting.c_str());
  if (accounting.result.empty()) return written;
  return std::move(written).error().with_context("the result is complete, but its accounting is not there");
}

}  // namespace quern::app
