#include "services/process/module_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "model/limits.h"
#include "services/process/cause.h"
#include "services/process/guard.h"
#include "services/process/interpreter.h"
#include "services/process/job_links.h"
#include "services/process/module_command.h"
#include "services/process/module_messages.h"

namespace quern::process {

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
