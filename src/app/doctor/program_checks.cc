#include "app/doctor/program_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <filesystem>

#include "base/text.h"

namespace quern::app::doctor {
namespace {

struct Wanted {
  std::string name;
  Version least;
  const char* package;
  std::string setting;  // where the user can name another
};

Wanted wanted_of(const InterpreterSeen& seen) {
  Wanted wanted{"node", kLeastNode, "nodejs", "QUERN_NODE"};
  if (seen.language == Language::kPython) wanted = {"python3", kLeastPython, "python3", "QUERN_PYTHON"};
  if (!seen.setting.empty()) wanted.name = wanted.setting = seen.setting;
  return wanted;
}

std::string install(const Wanted& wanted) { return fmt::format("apt-get install {}", wanted.package); }

std::string found_text(std::string found, Need need) {
  return need == Need::kNeeded ? found : found + ", which is not needed here";
}

// Returns the command that installs the packages. Debian's Python does not allow pip to install anything outside of a
// virtual environment, so the command creates one if the interpreter is not in one.
std::string install_packages(const PackagesSeen& seen) {
  const std::filesystem::path folder = std::filesystem::path(seen.file).parent_path();
  if (seen.language == Language::kJavascript) {
    return fmt::format("npm install --prefix {}", shell_word(folder.empty() ? "." : folder.string()));
  }
  if (seen.is_in_venv) {
    return fmt::format("{} -m pip install -r {}", shell_word(seen.interpreter), shell_word(seen.file));
  }
  const std::string venv = shell_word((std::filesystem::path(seen.folder) / ".venv").lexically_normal().string());
  return fmt::format("python3 -m venv {0} && {0}/bin/pip install -r {1}, then {2}: .venv/bin/python", venv,
                     shell_word(seen.file), seen.setting);
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  const std::size_t start = text.find_first_of("0123456789");
  if (start == std::string_view::npos) return std::nullopt;
  const char* end = text.data() + text.size();
  Version version;
  auto [dot, error] = std::from_chars(text.data() + start, end, version.major);
  if (error != std::errc() || dot == end || *dot != '.') return std::nullopt;
  auto [rest, minor_error] = std::from_chars(dot + 1, end, version.minor);
  if (minor_error != std::errc() || version.minor < 0) return std::nullopt;
  return version;
}

Finding check_interpreter(const InterpreterSeen& seen, Need need) {
  const Wanted wanted = wanted_of(seen);
  if (!seen.path.ok()) {
    const std::string message = seen.path.error().message;
    return lacking(need, wanted.name, found_text(message.substr(0, message.find("; ")), need),
                   fmt::format("{}, or name one in {}", install(wanted), wanted.setting));
  }
  const std::string& path = seen.path.value();
  if (!seen.version.ok()) {
    return lacking(need, wanted.name, seen.version.error(),
                   fmt::format("{}, or name another in {}", install(wanted), wanted.setting));
  }
  const std::optional<Version> version = parse_version(seen.version.value());
  if (!version.has_value()) {
    return lacking(need, wanted.name,
                   found_text(fmt::format("{} gives no version: '{}'", path, seen.version.value()), need),
                   fmt::format("name another in {}", wanted.setting));
  }
  if (*version < wanted.least) {
    return lacking(need, wanted.name,
                   found_text(fmt::format("{} is {}.{}, and modules need {}.{}", path, version->major, version->minor,
                                          wanted.least.major, wanted.least.minor),
                              need),
                   fmt::format("install a newer one and name it in {}", wanted.setting));
  }
  return ok(wanted.name, fmt::format("{}, {}", seen.version.value(), path));
}

Finding check_packages(const PackagesSeen& seen) {
  const std::string what = std::filesystem::path(seen.file).filename().string();
  if (!seen.unmet.ok()) return note(what, seen.unmet.error().message);
  const std::vector<std::string>& unmet = seen.unmet.value();
  if (unmet.empty()) return ok(what, fmt::format("{} has the packages of {}", seen.interpreter, seen.file));
  return lacking(Need::kNeeded, what,
                 fmt::format("{} does not fit {}: {}", seen.interpreter, seen.file, fmt::join(unmet, ", ")),
                 install_packages(seen));
}

}  // namespace quern::app::doctor
