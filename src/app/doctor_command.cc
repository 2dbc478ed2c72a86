#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "app/cli/console.h"
#include "app/cli/signals.h"
#include "app/commands.h"
#include "app/doctor/doctor_peers.h"
#include "app/doctor/machine_checks.h"
#include "app/doctor/program_checks.h"
#include "app/job/load_job.h"
#include "app/job/run_inputs.h"
#include "app/run/map_phase.h"
#include "app/run/module_loaders.h"
#include "base/bytes.h"
#include "services/credentials/core_dumps.h"
#include "services/process/interpreter.h"
#include "services/process/module_command.h"
#include "services/process/requirements.h"
#include "services/s3/address.h"
#include "stages/inputs/inputs.h"
#include "views/json/findings_json.h"
#include "views/terminal/findings_text.h"
#include "views/terminal/view.h"

namespace quern::app {
namespace {

using doctor::lacking;
using doctor::Need;
using doctor::note;
using doctor::ok;

Error local_only() { return Error{.kind = ErrorKind::kStopped, .message = "remote inputs are not listed here"}; }

// What is known about the inputs without using the network.
struct InputsSeen {
  bool are_named = false;
  bool are_remote = false;  // whether some of them are
  bool are_in_s3 = false;
  std::uint64_t bytes = 0;  // of those on this machine
};

class Doctor {
 public:
  Doctor(const CommandLine& line, std::stop_token stop)
      : line_(line),
        stop_(std::move(stop)),
        options_(view::choose_terminal_options(STDOUT_FILENO, ::isatty(STDOUT_FILENO) == 1, std::getenv)) {}

  int run();

 private:
  const Job* job() const { return loaded_.has_value() ? &loaded_->file.job : nullptr; }
  void look_at_job();
  void look_at_modules();
  void look_at_inputs();
  void look_at_interpreters();
  void look_at_interpreter(doctor::InterpreterSeen seen, Need need);
  void look_at_packages();
  void look_at_machine();
  void look_at_disks();
  void look_at_peers();
  void found(Finding finding);
  void found_for_run(Finding finding);

  const CommandLine& line_;
  const std::stop_token stop_;
  const view::TerminalOptions options_;
  std::optional<LoadedJob> loaded_;
  InputsSeen inputs_;
  std::vector<Finding> findings_;  // those that were shown
  bool is_something_missing_ = false;
  Result<void> printed_;
};

int Doctor::run() {
  look_at_job();
  if (job() != nullptr) {
    look_at_modules();
    look_at_inputs();
  }
  look_at_interpreters();
  if (job() != nullptr) look_at_packages();
  look_at_machine();
  look_at_disks();
  look_at_peers();
  if (line_.json) printed_ = print(view::findings_json(findings_));
  if (printed_.ok()) return is_something_missing_ ? 1 : 0;
  return print_error(std::move(printed_).error().with_context("printing the findings"));
}

// Prints each finding immediately, as some take seconds.
void Doctor::found(Finding finding) {
  if (stop_.stop_requested()) return;
  const bool is_missing = finding.state == Finding::State::kMissing;
  is_something_missing_ = is_something_missing_ || is_missing;
  if (line_.quiet && !is_missing) return;
  if (!line_.json && printed_.ok()) {
    printed_ = print(view::finding_text(finding, options_.style.color));
  }
  findings_.push_back(std::move(finding));
}

// For something that only a run on this machine needs. Tasks use what is in their image, so quern submit can do
// without.
void Doctor::found_for_run(Finding finding) {
  const bool is_for_tasks = job() != nullptr && job()->taskcluster_json != "{}";
  if (is_for_tasks && finding.state == Finding::State::kMissing) {
    finding.state = Finding::State::kNote;
    finding.found += ", which only quern run on this machine needs";
  }
  found(std::move(finding));
}

// Whether the module is sent along with the tasks; any other one is in their image.
bool is_in_folder(const Module& module) {
  return !module.script.starts_with('/') &&
         (module.language != Language::kBinary || module.script.find('/') != std::string::npos);
}

void Doctor::look_at_job() {
  if (!line_.job.has_value() && !has_usual_job_file()) {
    return found(note("job file", "none is named, and none is in the usual places", "quern init myjob"));
  }
  auto loaded = load_job(line_.job, line_);
  if (!loaded.ok()) {
    return found(lacking(Need::kNeeded, "job file", loaded.error()));
  }
  loaded_ = std::move(loaded).value();
  auto checked = check_steps(*job());
  found(checked.ok() ? ok("job file", loaded_->shown_path) : lacking(Need::kNeeded, "job file", checked.error()));
}

// Does not check the interpreters, which have findings of their own.
void Doctor::look_at_modules() {
  std::string there;
  bool are_all_there = true;
  for (const NamedModule& named : modules_of(*job())) {
    auto script = process::module_script(named.module, job()->folder);
    if (named.module.language == Language::kBinary) {
      auto command = process::module_command(named.module, job()->folder, stop_);
      script = command.ok() ? Result<std::string>(command.value().front()) : std::move(command).error();
    }
    are_all_there = are_all_there && script.ok();
    if (script.ok()) {
      there += (there.empty() ? "" : ", ") + fmt::format("{} {}", named.place, named.module.name());
    } else {
      Finding missing = lacking(Need::kNeeded, named.place, script.error());
      is_in_folder(named.module) ? found(std::move(missing)) : found_for_run(std::move(missing));
    }
  }
  auto loaded = are_all_there ? load_modules(*job(), line_.scratch, stop_) : Result<void>();
  if (!loaded.ok() && loaded.error().kind == ErrorKind::kChildFailed) {
    found_for_run(lacking(Need::kNeeded, "modules", loaded.error(), "quern check shows where"));
  } else if (!there.empty()) {
    found(ok("modules", there));
  }
}

void Doctor::look_at_inputs() {
  auto request = input_request(*job(), line_);
  if (!request.ok()) return found(lacking(Need::kNeeded, "inputs", request.error()));
  inputs::InputRequest& named = request.value();
  inputs_.are_named = !named.patterns.empty() || named.manifest.has_value() || named.index.has_value();
  if (!inputs_.are_named) return found(note("inputs", "the job names none", "name them with -i"));
  // The function that is called first shows what kind of input the first remote one is.
  named.peers.store = [&]() -> Result<s3::Store*> {
    inputs_.are_remote = inputs_.are_in_s3 = true;
    return local_only();
  };
  named.peers.client = [&]() -> Result<http::Client*> {
    inputs_.are_remote = true;
    return local_only();
  };
  auto listed = inputs::list_inputs(named, stop_);
  if (!listed.ok() && !inputs_.are_remote) return found(lacking(Need::kNeeded, "inputs", listed.error()));
  if (!listed.ok()) return found(ok("inputs", "remote ones, which are listed when the job runs"));
  std::size_t remote = 0;
  PackedInputs::Reader reader(listed.value().inputs);
  while (const InputView* input = reader.next()) {
    remote += input->is_remote() ? 1 : 0;
    inputs_.are_in_s3 = inputs_.are_in_s3 || s3::is_s3_url(input->url);
    if (!input->is_remote()) inputs_.bytes += input->stored_bytes;
  }
  inputs_.are_remote = remote > 0;
  const std::size_t local = listed.value().inputs.size() - remote;
  found(ok("inputs", fmt::format("{} here, {}, and {} elsewhere", local, format_bytes(inputs_.bytes), remote)));
}

// The usual ones, and those that the job names.
void Doctor::look_at_interpreters() {
  const std::vector<NamedModule> modules = job() == nullptr ? std::vector<NamedModule>() : modules_of(*job());
  for (Language language : {Language::kPython, Language::kJavascript}) {
    const bool is_needed = std::any_of(modules.begin(), modules.end(), [&](const NamedModule& named) {
      return named.module.language == language && named.module.interpreter.empty();
    });
    look_at_interpreter(
        {.language = language, .path = process::find_interpreter(language, stop_), .version = std::string()},
        is_needed ? Need::kNeeded : Need::kNotNeeded);
  }
  for (const NamedModule& named : modules) {
    if (named.module.interpreter.empty()) continue;
    look_at_interpreter({.language = named.module.language,
                         .path = process::interpreter_of(named.module, job()->folder, stop_),
                         .version = std::string(),
                         .setting = named.place + ".interpreter"},
                        Need::kNeeded);
  }
}

void Doctor::look_at_interpreter(doctor::InterpreterSeen seen, Need need) {
  if (seen.path.ok()) seen.version = process::version_of_interpreter(seen.path.value(), stop_);
  found_for_run(doctor::check_interpreter(seen, need));
}

// Those that a file next to a script names.
void Doctor::look_at_packages() {
  std::set<std::pair<std::string, std::string>> known;
  for (const NamedModule& named : modules_of(*job())) {
    const auto file = process::requirements_of(named.module, job()->folder);
    const auto interpreter = process::interpreter_of(named.module, job()->folder, stop_);
    if (!file.has_value() || !interpreter.ok() || !known.emplace(*file, interpreter.value()).second) continue;
    const auto bin = std::filesystem::path(interpreter.value()).parent_path();
    std::error_code error;
    found_for_run(doctor::check_packages(
        {.language = named.module.language,
         .file = std::filesystem::proximate(*file, error).string(),
         .folder = std::filesystem::proximate(job()->folder, error).string(),
         .interpreter = interpreter.value(),
         .setting = named.place + ".interpreter",
         .is_in_venv = std::filesystem::exists(bin.parent_path() / "pyvenv.cfg", error),
         .unmet = process::unmet_requirements(
             {.module = named.module, .interpreter = interpreter.value(), .file = *file, .stop = stop_})}));
  }
}

void Doctor::look_at_machine() {
  const Job general;
  const Job& job = this->job() == nullptr ? general : *this->job();
  found_for_run(doctor::check_memory(doctor::look_at_memory(), job.limits.memory_bytes));
  found_for_run(doctor::check_processors({.count = std::max<std::size_t>(1, std::thread::hardware_concurrency()),
                                          .quota = doctor::look_at_processor_quota(),
                                          .children = processes_of(job)}));
  found_for_run(doctor::check_open_files(
      doctor::look_at_open_files(),
      {.children = processes_of(job), .transfers = inputs_.are_remote ? job.downloads.parallel : 0}));
}

void Doctor::look_at_disks() {
  found(doctor::check_scratch(doctor::look_at_scratch(line_.scratch), inputs_.bytes));
  if (job() == nullptr) return;
  if (inputs_.are_remote) found_for_run(doctor::check_downloads(doctor::look_at_folder(job()->downloads.directory)));
  if (job()->output == "-") return;
  // A result in S3 is a file in the working folder first.
  const std::string path = s3::is_s3_url(job()->output) ? "" : job()->output;
  found(doctor::check_result_folder(doctor::look_at_folder(std::filesystem::path(path).parent_path().string())));
}

void Doctor::look_at_peers() {
  const PeerLook look{.line = line_,
                      .stop = stop_,
                      .job = job(),
                      .needs_s3 = inputs_.are_in_s3 || (job() != nullptr && s3::is_s3_url(job()->output)),
                      .names_inputs = inputs_.are_named,
                      .found = [this](Finding finding) { found(std::move(finding)); }};
  if (line_.is_offline) found(note("network", "nobody is asked, as --offline says"));
  look_at_s3(look);
  look_at_taskcluster(look);
}

}  // namespace

int doctor_command(const CommandLine& line) {
  // Secrets in the environment exist as long as this process.
  std::optional<credentials::NoCoreDumps> no_core_dumps;
  if (process::environment_has_secrets()) no_core_dumps.emplace();
  return interruptible([&](const std::stop_token& stop) { return Doctor(line, stop).run(); });
}

}  // namespace quern::app
