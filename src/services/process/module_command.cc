#include "services/process/module_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/text.h"
#include "services/process/interpreter.h"
#include "services/process/requirements.h"

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
    // A relative folder on PATH would mean a different program in each child's working folder.
    if (!folder.starts_with('/')) continue;
    std::string candidate = fmt::format("{}/{}", folder, name);
    if (is_regular_file(candidate) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

// Checks that the interpreter in a script's #! line exists. The system's own error says only that a file is missing.
Result<void> check_first_line(const std::string& path) {
  constexpr std::size_t kLongest = 256;  // as much as Linux reads
  std::array<char, kLongest> bytes{};
  auto file = open_file(path, O_RDONLY);
  if (!file.ok()) return {};  // an executable need not be readable
  TRY_ASSIGN(std::size_t count, read_some(file.value(), bytes));
  std::string_view line(bytes.data(), count);
  line = line.substr(0, line.find('\n'));
  if (!line.starts_with("#!")) return {};
  line.remove_prefix(std::min(line.find_first_not_of(" \t", 2), line.size()));
  if (line.ends_with('\r')) {
    return bad_config(
        fmt::format("{} has the line ends of Windows, so that its interpreter is not found: sed -i "
                    "'s/\\r$//' {}",
                    path, shell_word(path)));
  }
  const std::string interpreter(line.substr(0, line.find_first_of(" \t")));
  if (interpreter.empty() || ::access(interpreter.c_str(), X_OK) == 0) return {};
  return bad_config(
      fmt::format("the first line of {} names the interpreter {}, which is not there; install it, or "
                  "correct the line",
                  path, interpreter));
}

// A script with spaces is most likely a command line: "awk -f map.awk".
std::string arguments_advice(const Module& module) {
  const std::size_t blank = module.script.find(' ');
  if (blank == std::string::npos || blank == 0) return "";
  return fmt::format("; `script:` names only the program: say `script: {}`, and the rest as a list in `arguments:`",
                     module.script.substr(0, blank));
}

Error no_file(const Module& module, const std::string& path) {
  const std::string advice = arguments_advice(module);
  return bad_config(fmt::format("the file {} does not exist{}", path,
                                advice.empty() ? "; correct `script:` in the job file" : advice));
}

Result<std::string> program_of(const Module& module, const std::string& job_folder) {
  std::string path = in_job_folder(module.script, job_folder);
  bool has_slash = module.script.find('/') != std::string::npos;
  if (!has_slash && !is_regular_file(path)) {
    std::optional<std::string> found = on_path(module.script);
    if (found.has_value()) return *std::move(found);
    const std::string advice = arguments_advice(module);
    return bad_config(fmt::format("the program '{}' is neither in the job folder {} nor on PATH{}", module.script,
                                  job_folder, advice.empty() ? "; install it, or correct `script:`" : advice));
  }
  if (!is_regular_file(path)) {
    return no_file(module, path);
  }
  if (::access(path.c_str(), X_OK) != 0) {
    return bad_config(
        fmt::format("{} is not executable: chmod +x it, or name its interpreter as `script:` and the file "
                    "as its first argument",
                    path));
  }
  TRY(check_first_line(path));
  return path;
}

}  // namespace

Result<std::string> module_script(const Module& module, const std::string& job_folder) {
  if (!module.expression.empty()) return in_job_folder("expression", job_folder);
  std::string path = in_job_folder(module.script, job_folder);
  if (!is_regular_file(path)) {
    return no_file(module, path);
  }
  if (::access(path.c_str(), R_OK) != 0) return bad_config(fmt::format("{} may not be read: chmod +r it", path));
  return path;
}

Result<std::vector<std::string>> module_command(const Module& module, const std::string& job_folder,
                                                const std::stop_token& stop) {
  std::vector<std::string> command;
  if (module.language == Language::kBinary) {
    TRY_ASSIGN(auto program, program_of(module, job_folder));
    command.push_back(std::move(program));
  } else {
    TRY_ASSIGN(auto script, module_script(module, job_folder));
    TRY_ASSIGN(auto interpreter, interpreter_of(module, job_folder, stop));
    command = {std::move(interpreter), std::move(script)};
  }
  command.insert(command.end(), module.arguments.begin(), module.arguments.end());
  return command;
}

std::string by_hand(const std::string& job_folder, std::span<const std::string> command) {
  std::string line = fmt::format("cd {} &&", shell_word(job_folder));
  for (const std::string& word : command) line += " " + shell_word(word);
  return line;
}

std::string by_hand(const std::string& job_folder, const std::string& interpreter, const Module& module) {
  std::vector<std::string> command = {interpreter, module.script};
  command.insert(command.end(), module.arguments.begin(), module.arguments.end());
  return by_hand(job_folder, command);
}

std::string load_advice(const std::string& job_folder, const std::string& interpreter, const Module& module,
                        const std::string& how) {
  if (!module.expression.empty()) return "correct the expression, or write a script";
  const std::string packages = requirements_advice(module, job_folder, how);
  return packages + (packages.empty() ? "" : "\n") + "load it by hand: " + by_hand(job_folder, interpreter, module);
}

namespace {

bool names_a_variable(std::string_view text) {
  // Hadoop first called the variable map_input_file. Libraries such as mrjob use the name of the setting, with dots.
  constexpr std::array<std::string_view, 3> kNames = {"QUERN_INPUT_FILE", "map_input_file", "map.input.file"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return text.find(name) != std::string_view::npos; });
}

// Returns the start of the file, or "" if it cannot be read; the code that starts the command reports that error.
std::string start_of_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return "";
  std::string text(std::min<std::uint64_t>(std::filesystem::file_size(path, error), limits::kSearchedScriptBytes),
                   '\0');
  auto file = open_file(path.string(), O_RDONLY);
  std::size_t used = 0;
  while (file.ok() && used < text.size()) {
    auto count = read_some(file.value(), std::span(text).subspan(used));
    if (!count.ok() || count.value() == 0) break;
    used += count.value();
  }
  text.resize(used);
  return text;
}

}  // namespace

std::vector<std::string> input_variables(std::string_view name) {
  return {std::string("QUERN_INPUT_FILE=").append(name), std::string("mapreduce_map_input_file=").append(name)};
}

bool asks_for_input_name(const std::vector<std::string>& command, const std::string& job_folder) {
  return std::any_of(command.begin(), command.end(), [&](const std::string& word) {
    return names_a_variable(word) || names_a_variable(start_of_file(std::filesystem::path(job_folder) / word));
  });
}

namespace {

bool is_linked(std::string_view name) {
  constexpr std::array<std::string_view, 4> kResults = {"result.txt", "result.json", "bad_records.txt", "mapperOutput"};
  if (name.starts_with('.')) return false;
  return std::none_of(kResults.begin(), kResults.end(), [&](auto result) { return name.starts_with(result); });
}

// Stops after one name more than may be linked, so that a folder with a million files costs nothing.
Result<std::vector<std::string>> names_to_link(const std::string& job_folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(job_folder, error);
  while (!error && entry != std::filesystem::directory_iterator() && names.size() <= kMostJobLinks) {
    std::string name = entry->path().filename().string();
    if (is_linked(name)) names.push_back(std::move(name));
    entry.increment(error);
  }
  if (error) return os_error(fmt::format("reading the job folder {}", job_folder), error.value());
  return names;
}

}  // namespace

Result<bool> link_job_folder(const std::string& job_folder, const std::string& working_folder) {
  TRY_ASSIGN(auto names, names_to_link(job_folder));
  if (names.size() > kMostJobLinks) return false;
  for (const std::string& name : names) {
    std::string target = fmt::format("{}/{}", job_folder, name);
    std::string link = fmt::format("{}/{}", working_folder, name);
    if (::symlink(target.c_str(), link.c_str()) != 0 && errno != EEXIST) {
      return os_error(fmt::format("linking {} to {}", link, target), errno);
    }
  }
  return true;
}

}  // namespace quern::process
