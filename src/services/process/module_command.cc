#include "services/process/module_command.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "services/process/interpreter.h"

namespace quern::process {
namespace {

bool is_regular_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string in_job_folder(const std::string& script, const std::string& job_folder) {
  return script.starts_with('/') ? script : fmt::format("{}/{}", job_folder, script);
}

std::optional<std::string> on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    std::size_t end = rest.find(':');
    std::string_view folder = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    // A relative folder on PATH would mean another program in each child's working folder.
    if (!folder.starts_with('/')) continue;
    std::string candidate = fmt::format("{}/{}", folder, name);
    if (is_regular_file(candidate) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

Result<std::string> program_of(const Module& module, const std::string& job_folder) {
  std::string path = in_job_folder(module.script, job_folder);
  bool has_slash = module.script.find('/') != std::string::npos;
  if (!has_slash && !is_regular_file(path)) {
    std::optional<std::string> found = on_path(module.script);
    if (found.has_value()) return *std::move(found);
    return bad_config(
        fmt::format("the program '{}' is neither in the job folder {} nor on PATH; install it, or correct "
                    "`script:`",
                    module.script, job_folder));
  }
  if (!is_regular_file(path)) {
    return bad_config(fmt::format("there is no file {}; correct `script:` in the job file", path));
  }
  if (::access(path.c_str(), X_OK) != 0) {
    return bad_config(
        fmt::format("{} is not executable: chmod +x it, or name its interpreter as `script:` and the file "
                    "as its first argument",
                    path));
  }
  return path;
}

}  // namespace

Result<std::string> module_script(const Module& module, const std::string& job_folder) {
  std::string path = in_job_folder(module.script, job_folder);
  if (!is_regular_file(path)) {
    return bad_config(fmt::format("there is no file {}; correct `script:` in the job file", path));
  }
  if (::access(path.c_str(), R_OK) != 0) return bad_config(fmt::format("{} may not be read: chmod +r it", path));
  return path;
}

Result<std::vector<std::string>> module_command(const Module& module, const std::string& job_folder) {
  std::vector<std::string> command;
  if (module.language == Language::kBinary) {
    TRY_ASSIGN(auto program, program_of(module, job_folder));
    command.push_back(std::move(program));
  } else {
    TRY_ASSIGN(auto script, module_script(module, job_folder));
    TRY_ASSIGN(auto interpreter, find_interpreter(module.language));
    command = {std::move(interpreter), std::move(script)};
  }
  command.insert(command.end(), module.arguments.begin(), module.arguments.end());
  return command;
}

}  // namespace quern::process
