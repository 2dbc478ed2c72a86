#include "services/process/module_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "services/process/cause.h"
#include "services/process/guard.h"
#include "services/process/harness_texts.h"
#include "services/process/interpreter.h"
#include "services/process/module_command.h"
#include "services/process/module_messages.h"

namespace quern::process {
namespace {

void add_unless_set(std::vector<std::string>& environment, std::string_view name, std::string_view value) {
  std::string start = std::string(name) + '=';
  bool is_set = std::any_of(environment.begin(), environment.end(),
                            [&](const std::string& entry) { return entry.starts_with(start); });
  if (!is_set) environment.push_back(start.append(value));
}

Result<std::string> write_script(std::string path, std::string_view text) {
  TRY_ASSIGN(Fd file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  TRY(write_all(file, text).context(path));
  TRY(file.close().context(path));
  return path;
}

// Moves the bytes that are not taken yet to the front. They are less than a frame, and this happens once per frame that
// arrives in parts.
void drop_taken(Buffer& buffer, std::size_t& taken_bytes) {
  if (taken_bytes == 0) return;
  std::size_t rest = buffer.size() - taken_bytes;
  std::memmove(buffer.data(), buffer.data() + taken_bytes, rest);
  buffer.resize(rest);
  taken_bytes = 0;
}

}  // namespace

Result<std::string> write_harness(Language language, const std::string& folder) {
  CHECK(language != Language::kBinary);
  if (language == Language::kJavascript) return write_script(folder + "/harness.mjs", javascript_harness());
  TRY(write_script(folder + "/harness.py", python_harness()));
  return write_script(folder + "/start.py", python_start());
}

Result<ModuleChildOptions> module_child_options(const Module& module, const std::string& job_folder,
                                                const std::string& harness_folder, const ModuleSetup& setup,
                                                const std::stop_token& stop) {
  ModuleChildOptions options{.language = module.language};
  TRY_ASSIGN(std::string script, module_script(module, job_folder));
  TRY_ASSIGN(options.interpreter, interpreter_of(module, job_folder, stop));
  if (::mkdir(harness_folder.c_str(), 0700) != 0 && errno != EEXIST) return os_error(harness_folder, errno);
  TRY_ASSIGN(options.harness, write_harness(module.language, harness_folder));
  options.setup_json = setup_json(setup, script, module);
  options.has_terminal = module.attended == Attended::kDebugged && !setup.loads_only;
  return options;
}

ChildOptions child_options(const ModuleChildOptions& options) {
  ChildOptions child{.command = {options.interpreter, options.harness},
                     .environment = options.environment,
                     .working_folder = options.working_folder,
                     .framed = true,
                     .has_terminal = options.has_terminal};
  // Makes a module that iterates over a set print the same lines in every run and in every child.
  if (options.language == Language::kPython) add_unless_set(child.environment, "PYTHONHASHSEED", "0");
  return child;
}

Result<ModuleChild> ModuleChild::start(const ModuleChildOptions& options, Guard& guard) {
  TRY_ASSIGN(auto child, Child::start(child_options(options), guard));
  return ModuleChild(std::move(child), options.setup_json);
}

ModuleChild::ModuleChild(std::unique_ptr<Child> child, std::string_view setup_json) : child_(std::move(child)) {
  if (setup_json.empty()) return;
  protocol::append_header(setup_, {.type = protocol::FrameType::kSetup, .payload_bytes = setup_json.size()});
  setup_.append(setup_json);
  child_->send(setup_.view());
}

void ModuleChild::send_end() {
  CHECK(end_.empty());
  protocol::append_header(end_, {.type = protocol::FrameType::kEnd});
  child_->send(end_.view());
  child_->end_input();
}

Result<Activity> ModuleChild::wait(int wake_fd, std::chrono::steady_clock::time_point deadline,
                                   const std::stop_token& stop, std::size_t most_output_bytes) {
  drop_taken(output_, taken_bytes_);
  return child_->wait(output_, most_output_bytes, wake_fd, deadline, stop);
}

Result<std::optional<Frame>> ModuleChild::next_frame() {
  std::string_view rest = output_.view().substr(taken_bytes_);
  if (rest.size() < protocol::kHeaderBytes) return std::optional<Frame>();
  TRY_ASSIGN(protocol::FrameHeader header, protocol::parse_header(rest));
  std::size_t frame_bytes = protocol::kHeaderBytes + header.payload_bytes;
  if (rest.size() < frame_bytes) return std::optional<Frame>();
  taken_bytes_ += frame_bytes;
  return std::optional(Frame{.header = header, .payload = rest.substr(protocol::kHeaderBytes, header.payload_bytes)});
}

Error load_error(const LoadFailure& failure, const Module& module, const std::string& job_folder) {
  Cause cause{.what = failure.what,
              .where_label = "when",
              .where = "while it loaded its module",
              .how = failure.details.empty() ? failure.how : failure.how + "\n" + failure.details,
              .log_lines = failure.log_lines,
              .action = "gave up: another child would fail in the same way",
              .advice = load_advice(job_folder, failure.interpreter, module, failure.how)};
  return Error{.kind = ErrorKind::kChildFailed,
               .message = fmt::format("{}: {}", failure.what, failure.how),
               .details = cause_block(cause)};
}

Result<ModuleLoader> ModuleLoader::start(ModuleLoadOptions options, Guard& guard, const std::stop_token& stop) {
  ModuleLoader loader(std::move(options), guard);
  TRY(loader.prepare(stop));
  TRY(loader.start_child());
  return loader;
}

Result<void> ModuleLoader::prepare(const std::stop_token& stop) {
  const Module& module = options_.module;
  std::error_code error;
  std::filesystem::create_directories(options_.working_folder + "/.quern", error);
  if (error) return os_error(options_.working_folder, error.value());
  // If the folder has too many entries to link, the module finds it through the environment, as every child does.
  TRY(link_job_folder(options_.job_folder, options_.working_folder));
  const ModuleSetup setup{
      .role = options_.role, .separator = " ", .concurrency = module.concurrency, .loads_only = true};
  TRY_ASSIGN(child_options_,
             module_child_options(module, options_.job_folder, options_.working_folder + "/.quern", setup, stop));
  child_options_.environment =
      child_environment(module.environment, {"QUERN_JOB_FOLDER=" + options_.job_folder, "QUERN_ROLE=" + options_.role});
  child_options_.working_folder = options_.working_folder;
  return {};
}

Result<void> ModuleLoader::start_child() {
  TRY_ASSIGN(auto child, ModuleChild::start(child_options_, *guard_));
  child_.emplace(std::move(child));
  deadline_ = std::chrono::steady_clock::now() + options_.timeout;
  return {};
}

Result<void> ModuleLoader::wait(const std::stop_token& stop) {
  while (true) {
    TRY_ASSIGN(Activity seen, child_->wait(-1, deadline_, stop));
    if (seen.stopped) return stopped();
    TRY_ASSIGN(bool is_loaded, look_at_frames());
    if (is_loaded) return {};
    child_->child().take_log_lines();
    // Wait until the child has exited, so that its last log lines are included.
    if (failure_.has_value() && (seen.exited || seen.timed_out)) return failed(*failure_);
    if (seen.timed_out) {
      return failed({.reason = fmt::format("it was not loaded within {:g} s",
                                           std::chrono::duration<double>(options_.timeout).count())});
    }
    if (!seen.exited) continue;
    if (++deaths_ == options_.attempts) return failed({.reason = child_->child().exit()->in_words()});
    TRY(start_child());
  }
}

Result<bool> ModuleLoader::look_at_frames() {
  while (true) {
    auto frame = child_->next_frame();
    if (!frame.ok()) return failed({.reason = "broke the protocol: " + frame.error().message});
    if (!frame.value().has_value()) return false;
    if (frame.value()->header.type == protocol::FrameType::kLoaded) return true;
    if (frame.value()->header.type == protocol::FrameType::kFailed) {
      failure_ = parse_failure(frame.value()->payload);
      deadline_ = std::min(deadline_, std::chrono::steady_clock::now() + limits::kLeaveTimeout);
    }
  }
}

Error ModuleLoader::failed(const ModuleFailure& failure) {
  return load_error({.what = fmt::format("{} ({})", options_.role, options_.module.name()),
                     .how = failure.reason,
                     .details = failure.details,
                     .log_lines = child_->child().last_log_lines(),
                     .interpreter = child_options_.interpreter},
                    options_.module, options_.job_folder);
}

}  // namespace quern::process
