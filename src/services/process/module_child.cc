#include "services/process/module_child.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "services/process/harness_texts.h"
#include "services/process/interpreter.h"
#include "services/process/module_command.h"

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

}  // namespace quern::process
