#include "services/process/requirements.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "services/process/ask.h"
#include "services/process/interpreter.h"

namespace quern::process {
namespace {

constexpr std::chrono::seconds kPackagesTimeout{30};
// Precedes each package of an answer, because an interpreter may print warnings.
constexpr std::string_view kUnmet = "unmet: ";

// A line with an URL is not checked, and not printed, because it may have a password. Neither is one that pip would not
// read. Without `packaging` a requirement with a condition is not checked, and of the others only the name.
constexpr const char* kAskPython = R"python(
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import re
from importlib import metadata
try:
    from packaging.requirements import Requirement
except ImportError:
    try:
        from pip._vendor.packaging.requirements import Requirement
    except ImportError:
        Requirement = None

def unmet(line):
    name = re.match(r"[A-Za-z0-9][\w.-]*(?=\s*($|[\[=<>!~;]))", line)
    if not name or "://" in line or (Requirement is None and ";" in line):
        return None
    try:
        wanted = Requirement(line) if Requirement else None
    except ValueError:
        return None
    if wanted and wanted.marker and not wanted.marker.evaluate():
        return None
    try:
        version = metadata.version(name.group())
    except metadata.PackageNotFoundError:
        return "is not there"
    if wanted and not wanted.specifier.contains(version, prereleases=True):
        return "has " + version
    return None

with open(sys.argv[1], encoding="utf-8-sig", errors="replace") as file:
    text = file.read().replace("\\\n", " ")
for line in text.splitlines():
    line = re.split(r"(?:^|\s)(?:#|--)", line)[0].strip()
    reason = unmet(line)
    if reason:
        print("unmet: %s (%s)" % (line, reason))
)python";

// As Node.js looks for packages: in the folder of the script and in all above it.
constexpr const char* kAskNode = R"node(
const fs = require("fs"), path = require("path");
const file = path.resolve(process.argv[1]);
const isThere = (name) => {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (fs.existsSync(path.join(folder, "node_modules", name))) return true;
    if (folder === path.dirname(folder)) return false;
  }
};
let dependencies;
try {
  dependencies = JSON.parse(fs.readFileSync(file, "utf8")).dependencies ?? {};
} catch (error) {
  console.error(`${file} is not JSON`);
  process.exit(1);
}
for (const [name, wanted] of Object.entries(dependencies)) {
  // Anything else may be an URL with a password.
  const version = /^[\w .^~<>=|*-]*$/.test(wanted) ? ` ${wanted}` : "";
  if (!isThere(name)) console.log(`unmet: ${name}${version} (is not there)`);
}
)node";

std::vector<std::string> unmet_of(std::string_view answer) {
  std::vector<std::string> unmet;
  for (std::string_view line : lines_of(answer)) {
    if (line.starts_with(kUnmet)) unmet.emplace_back(line.substr(kUnmet.size()));
  }
  return unmet;
}

}  // namespace

std::optional<std::string> requirements_of(const Module& module, const std::string& job_folder) {
  if (module.language == Language::kBinary || !module.expression.empty()) return std::nullopt;
  const char* name = module.language == Language::kPython ? "requirements.txt" : "package.json";
  const std::filesystem::path script = std::filesystem::path(job_folder) / module.script;
  const std::filesystem::path file = script.parent_path() / name;
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return std::nullopt;
  return file.lexically_normal().string();
}

Result<std::vector<std::string>> unmet_requirements(const RequirementsQuestion& question) {
  const bool is_python = question.module.language == Language::kPython;
  const char* ask = is_python ? kAskPython : kAskNode;
  auto answer = answer_of({.command = {question.interpreter, is_python ? "-c" : "-e", ask, question.file},
                           .environment = child_environment(question.module.environment, {}),
                           .takes_errors = true,
                           .patience = kPackagesTimeout,
                           .stop = question.stop});
  TRY_ASSIGN(std::string text,
             std::move(answer).context(fmt::format("asking {} for its packages", question.interpreter)));
  return unmet_of(text);
}

std::string requirements_advice(const Module& module, const std::string& job_folder, const std::string& how) {
  bool is_import = false;
  for (const char* words : {"ModuleNotFoundError", "Cannot find module", "Cannot find package"}) {
    is_import = is_import || how.find(words) != std::string::npos;
  }
  const auto file = is_import ? requirements_of(module, job_folder) : std::nullopt;
  if (!file.has_value()) return "";
  return fmt::format("see which packages of {} are missing: quern doctor {}", *file, shell_word(job_folder));
}

}  // namespace quern::process
