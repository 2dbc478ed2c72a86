#include "app/group/group_session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "app/cli/console.h"
#include "base/duration.h"
#include "model/accounting_json.h"
#include "model/limits.h"
#include "services/process/interpreter.h"
#include "services/taskcluster/names.h"
#include "views/terminal/group_view.h"
#include "views/terminal/view.h"

namespace quern::app {

using Steady = std::chrono::steady_clock;

void Outages::waits(const std::string& host, const Error& why, Steady::time_point begun, Steady::time_point next) {
  Outage& outage = outages_.try_emplace(host, Outage{.begun = begun}).first->second;
  if (std::max(next, Steady::now()) - outage.begun < limits::kUntoldOutage || std::exchange(outage.is_told, true))
    return;
  sink_.note(event::Level::kWarning,
             fmt::format("{} is busy or away, and is asked again for up to {}: {}", host,
                         format_duration(std::chrono::duration_cast<std::chrono::seconds>(patience_)), why.message));
}

void Outages::serves(const std::string& host) {
  auto found = outages_.find(host);
  if (found == outages_.end()) return;
  const auto length = std::chrono::round<std::chrono::seconds>(Steady::now() - found->second.begun);
  if (found->second.is_told) {
    sink_.note(event::Level::kInfo, fmt::format("{} answers again, after {}", host, rough_duration(length)));
  }
  outages_.erase(found);
}

namespace {

// If the environment names a deployment, it must be the one that the group is known to belong to.
Result<void> check_same(const std::string& root_url) {
  const char* named = std::getenv("TASKCLUSTER_ROOT_URL");  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  if (named == nullptr || *named == '\0') return {};
  TRY_ASSIGN(std::string normal, taskcluster::normal_root_url(named).context("TASKCLUSTER_ROOT_URL"));
  TRY_ASSIGN(std::string other, taskcluster::normal_root_url(root_url));
  if (normal == other) return {};
  return bad_config(
      fmt::format("the job's deployment is {}, and TASKCLUSTER_ROOT_URL names {}; unset it, or name "
                  "the task group by its id",
                  other, normal));
}

}  // namespace

Result<std::unique_ptr<GroupSession>> GroupSession::open(const CommandLine& line) {
  Signals::block();
  std::unique_ptr<GroupSession> session(new GroupSession(line));
  if (process::environment_has_secrets()) session->no_core_dumps_.emplace();
  if (line.json) {
    session->json_ = std::make_unique<view::GroupJson>(view::JsonOptions{.fd = STDERR_FILENO});
    session->sink_ = session->json_.get();
  } else {
    session->terminal_ = view::make_group_view(terminal_options(line));
    session->sink_ = session->terminal_.get();
  }
  // Views belong to the main thread, which reports immediately that it stops, and why.
  TRY_ASSIGN(session->signals_, Signals::listen(session->stop_, [](int) {}));
  return session;
}

Result<void> GroupSession::connect(const std::string& root_url, std::chrono::milliseconds patience) {
  if (!root_url.empty()) TRY(check_same(root_url));
  auto lookup = [&](const char* name) {
    const bool is_root = std::string_view(name) == "TASKCLUSTER_ROOT_URL";
    return is_root && !root_url.empty()
               ? root_url.c_str()
               : std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  };
  TRY_ASSIGN(access_, taskcluster::access_of(lookup));
  access_.patience = patience;
  outages_.emplace(*sink_, patience);
  http::ClientOptions options = taskcluster::client_options(access_);
  options.listener = &*outages_;
  TRY_ASSIGN(client_, http::make_client(options));
  api_ = std::make_unique<taskcluster::Api>(
      access_, *client_, [] { return std::chrono::system_clock::now(); }, taskcluster::system_random);
  return {};
}

int GroupSession::fail(const Error& error) {
  sink_->finish();
  print_error(error);
  return exit_status_of(error);
}

int GroupSession::exit_status_of(const Error& error) const {
  return was_stopped() && error.kind == ErrorKind::kStopped ? 128 + signals_->stopped_by() : status_of(error);
}

void GroupSession::account_for(const Error& error, const Accounting& accounting) {
  if (json_ != nullptr) {
    const std::string message = shown_message(error);
    sink_->note(event::Level::kError, error.details.empty() ? message : message + "\n" + error.details);
    json_->accounting(accounting_json(accounting));
    return;
  }
  sink_->finish();
  print_error(error);
  print_previous_result(accounting);
}

int GroupSession::account(const Accounting& accounting, const std::string& cause) {
  sink_->finish();
  if (json_ != nullptr) {
    json_->accounting(accounting_json(accounting));
    return exit_status(accounting);
  }
  if (!cause.empty()) print_error({.kind = ErrorKind::kChildFailed, .message = cause});
  print_previous_result(accounting);
  print_to_stderr(view::accounting_text(accounting, {.color = has_color(), .quiet = line_.quiet}));
  return exit_status(accounting);
}

Error how_to_go_on(Error error, std::string_view command, const std::string& group_id) {
  if (error.kind != ErrorKind::kRetry || !error.details.empty()) return error;
  error.details = fmt::format("the task group is left as it is; to go on:  quern {} {}", command, group_id);
  return error;
}

int run_group_command(const CommandLine& line, const std::function<Result<int>(GroupSession&)>& work) {
  auto session = GroupSession::open(line);
  if (!session.ok()) return print_error(session.error());
  auto status = work(*session.value());
  return status.ok() ? status.value() : session.value()->fail(status.error());
}

}  // namespace quern::app
