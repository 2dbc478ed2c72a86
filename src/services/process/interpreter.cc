#include "services/process/interpreter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "base/fd.h"
#include "base/text.h"
#include "services/process/ask.h"

namespace quern::process {
namespace {

// How long a version manager's shim may take to report the program it represents.
constexpr std::chrono::seconds kShimTimeout{30};

struct Names {
  const char* program;
  const char* variable;
  const char* package;
  std::array<const char*, 2> question;  // arguments that make it print its own path
};

Result<Names> names_of(Language language) {
  switch (language) {
    case Language::kPython:
      return Names{"python3", "QUERN_PYTHON", "python3", {"-c", "import sys;print(sys.executable)"}};
    case Language::kJavascript:
      return Names{"node", "QUERN_NODE", "nodejs", {"-p", "process.execPath"}};
    case Language::kBinary:
      break;
  }
  return Error{.kind = ErrorKind::kInternal, .message = "a binary module has no interpreter"};
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): quern never changes its environment
  return value == nullptr ? std::string_view() : value;
}

bool is_executable_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::string absolute(const std::string& path) {
  std::error_code error;
  std::filesystem::path result = std::filesystem::absolute(path, error);
  return error ? path : result.string();
}

Result<std::string> locate(const Names& names) {
  std::string named(variable(names.variable));
  if (named.find('/') != std::string::npos) {
    if (is_executable_file(named)) return absolute(named);
    return not_found(fmt::format("{} names {}, which is not an executable file", names.variable, named));
  }
  if (auto path = find_on_path(named.empty() ? names.program : named)) return *path;
  if (!named.empty()) {
    return not_found(fmt::format("{} names {}, which is not on PATH", names.variable, named));
  }
  return not_found(fmt::format("{0} is not on PATH; install it (apt-get install {1}) or name it in {2}", names.program,
                               names.package, names.variable));
}

bool is_script(const std::string& path) {
  auto file = open_file(path, O_RDONLY);
  if (!file.ok()) return false;
  std::array<char, 2> start{};
  auto count = read_some(file.value(), start);
  return count.ok() && count.value() == start.size() && start[0] == '#' && start[1] == '!';
}

// Returns what a program prints on standard output and standard error.
Result<std::string> ask_shim(std::vector<std::string> command, const std::stop_token& stop) {
  return answer_of({.command = std::move(command),
                    .environment = child_environment({}, {}),
                    .takes_errors = true,
                    .patience = kShimTimeout,
                    .stop = stop});
}

Result<std::string> resolve_shim(const std::string& shim, const Names& names, const std::stop_token& stop) {
  TRY_ASSIGN(std::string text, ask_shim({shim, names.question[0], names.question[1]}, stop));
  std::string path = last_line(text);
  if (path.starts_with('/') && is_executable_file(path)) return path;
  return not_found(fmt::format("it answered '{}', which is not a program", path));
}

// Returns the path itself, or for a shim the program that it represents. `setting` is where the user named it, or
// could.
Result<std::string> real_interpreter(const std::string& path, const Names& names, std::string_view setting,
                                     const std::stop_token& stop) {
  if (!is_script(path)) return path;
  auto real = resolve_shim(path, names, stop);
  if (real.ok() || real.error().kind == ErrorKind::kStopped) return real;
  Error error = std::move(real).error().with_context(fmt::format("asking {} for the real {}", path, names.program));
  error.message += fmt::format("; name the real one in {}", setting);
  return error;
}

// Whether the variable is http_proxy or similar, in upper or lower case, and its value contains a user and a password.
bool is_proxy_with_password(std::string_view name, std::string_view value) {
  constexpr std::string_view kEnd = "_proxy";
  return name.size() > kEnd.size() && value.find('@') != std::string_view::npos &&
         equals_ignoring_case(name.substr(name.size() - kEnd.size()), kEnd);
}

bool is_secret(std::string_view name, std::string_view value) {
  if (is_proxy_with_password(name, value)) return true;
  for (std::string_view secret : {"CREDENTIALS", "QUERN_KEY_FILE", "SMTP_URL"}) {
    if (name == secret) return true;
  }
  for (std::string_view prefix : {"AWS_", "TASKCLUSTER_", "QUERN_SMTP_"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

std::pair<std::string, std::string> split_entry(std::string_view entry) {
  std::size_t equals = entry.find('=');
  if (equals == std::string_view::npos) return {std::string(entry), ""};
  return {std::string(entry.substr(0, equals)), std::string(entry.substr(equals + 1))};
}

}  // namespace

std::optional<std::string> find_on_path(std::string_view program) {
  std::string_view folders = variable("PATH");
  while (true) {
    std::string_view folder = folders.substr(0, folders.find(':'));
    std::string path = fmt::format("{}/{}", folder.empty() ? "." : folder, program);
    if (is_executable_file(path)) return absolute(path);
    if (folder.size() == folders.size()) return std::nullopt;
    folders.remove_prefix(folder.size() + 1);
  }
}

Result<std::string> find_interpreter(Language language, const std::stop_token& stop) {
  TRY_ASSIGN(Names names, names_of(language));
  TRY_ASSIGN(std::string path, locate(names));
  return real_interpreter(path, names, names.variable, stop);
}

Result<std::string> interpreter_of(const Module& module, const std::string& job_folder, const std::stop_token& stop) {
  const std::string& named = module.interpreter;
  if (named.empty()) return find_interpreter(module.language, stop);
  TRY_ASSIGN(Names names, names_of(module.language));
  if (named.find('/') == std::string::npos) {
    const std::optional<std::string> path = find_on_path(named);
    if (path.has_value()) return real_interpreter(*path, names, "`interpreter:`", stop);
    return bad_config(
        fmt::format("`interpreter:` names {}, which is not on PATH; install it, or give the path to it in the job "
                    "file",
                    named));
  }
  const std::string path = named.starts_with('/') ? named : fmt::format("{}/{}", absolute(job_folder), named);
  if (is_executable_file(path)) return real_interpreter(path, names, "`interpreter:`", stop);
  return bad_config(
      fmt::format("`interpreter:` names {}, which is not an executable file; create it (as with python3 -m "
                  "venv), or correct the path, which is relative to the job's folder",
                  path));
}

Result<std::string> version_of_interpreter(const std::string& path, const std::stop_token& stop) {
  TRY_ASSIGN(std::string text,
             ask_shim({path, "--version"}, stop).context(fmt::format("asking {} for its version", path)));
  return last_line(text);
}

bool environment_has_secrets() {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const auto [name, value] = split_entry(*entry);
    if (is_secret(name, value)) return true;
  }
  return false;
}

std::vector<std::string> child_environment(const EnvironmentRequest& requested, const std::vector<std::string>& extra) {
  std::map<std::string, std::string> values;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    auto [name, value] = split_entry(*entry);
    // Removes the marker of a quern that runs this one: its guard must not kill this quern's processes.
    if (!is_secret(name, value) && name != "QUERN_RUN") values[name] = value;
  }
  for (const auto& [name, value] : requested) {
    if (value.has_value()) {
      values[name] = *value;
    } else if (const char* ours = std::getenv(name.c_str())) {  // NOLINT(concurrency-mt-unsafe): as above
      values[name] = ours;
    }
  }
  for (const std::string& entry : extra) {
    auto [name, value] = split_entry(entry);
    values[name] = value;
  }
  std::vector<std::string> environment;
  environment.reserve(values.size());
  for (const auto& [name, value] : values) environment.push_back(fmt::format("{}={}", name, value));
  return environment;
}

}  // namespace quern::process
