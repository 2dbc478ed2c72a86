#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "app/cli/command_line.h"
#include "app/cli/signals.h"
#include "base/result.h"
#include "model/accounting.h"
#include "model/taskcluster/watched_group.h"
#include "services/credentials/core_dumps.h"
#include "services/http/http.h"
#include "services/taskcluster/api.h"
#include "views/json/group_json.h"

namespace quern::app {

// Tells the user when quern waits for a server longer than a moment, and when the server answers again. Used on the
// client's thread; borrows the sink.
class Outages final : public http::HostListener {
 public:
  Outages(GroupSink& sink, std::chrono::milliseconds patience) : sink_(sink), patience_(patience) {}
  void waits(const std::string& host, const Error& why, std::chrono::steady_clock::time_point begun,
             std::chrono::steady_clock::time_point next) override;
  void serves(const std::string& host) override;

 private:
  struct Outage {
    std::chrono::steady_clock::time_point begun;
    bool is_told = false;
  };
  GroupSink& sink_;
  const std::chrono::milliseconds patience_;
  std::map<std::string, Outage> outages_;  // by host
};

// The environment of every command about a task group: the deployment, signals, and the view. Belongs to the main
// thread, and must be created while no other thread runs.
class GroupSession {
 public:
  // Sets up the view according to the command line and listens to signals. `line` is borrowed.
  static Result<std::unique_ptr<GroupSession>> open(const CommandLine& line);

  // Chooses the deployment: `root_url`, or that of TASKCLUSTER_ROOT_URL if it is "". While the deployment is away,
  // requests are repeated for `patience`. Fails with kBadConfig if neither names a deployment, if they name different
  // ones, or if the credentials in the environment cannot be used.
  Result<void> connect(const std::string& root_url, std::chrono::milliseconds patience);

  taskcluster::Api& api() { return *api_; }  // valid after connect()
  GroupSink& sink() { return *sink_; }
  std::stop_token stop() const { return stop_.get_token(); }
  const CommandLine& line() const { return line_; }
  bool was_stopped() const { return signals_->stopped_by() != 0; }

  // Each of these ends the session: removes the live display and prints the error or the accounting. fail() and
  // account() return the exit status of the command: 128+n if a signal stopped it, 2 for kBadConfig, otherwise 1; for
  // an accounting, its own.
  int fail(const Error& error);
  int exit_status_of(const Error& error) const;
  // `cause` is why the job failed; "" if it did not.
  int account(const Accounting& accounting, const std::string& cause);
  // The same for a command that ended with an error which the accounting contains as well.
  void account_for(const Error& error, const Accounting& accounting);

 private:
  explicit GroupSession(const CommandLine& line) : line_(line) {}

  const CommandLine& line_;
  std::optional<credentials::NoCoreDumps> no_core_dumps_;
  std::stop_source stop_;
  std::unique_ptr<GroupSink> terminal_;
  std::unique_ptr<view::GroupJson> json_;
  GroupSink* sink_ = nullptr;  // one of the two views
  taskcluster::Access access_;
  std::optional<Outages> outages_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<taskcluster::Api> api_;
  std::unique_ptr<Signals> signals_;
};

// For an error after which `command` can be repeated for the group: adds that, and that nothing was changed.
Error how_to_go_on(Error error, std::string_view command, const std::string& group_id);

// Runs a command about a task group and returns its exit status. `work` returns the status, or an error, which is then
// printed.
int run_group_command(const CommandLine& line, const std::function<Result<int>(GroupSession&)>& work);

}  // namespace quern::app
