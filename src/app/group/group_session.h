#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "app/cli/command_line.h"
#include "app/cli/signals.h"
#include "app/group/outages.h"
#include "base/result.h"
#include "model/accounting.h"
#include "model/taskcluster/watched_group.h"
#include "services/credentials/core_dumps.h"
#include "services/http/http.h"
#include "services/taskcluster/api.h"
#include "views/json/group_json.h"

namespace quern::app {

// What stands around the work of every command about a task group: the deployment that is asked, signals, and what is
// shown. Belongs to the main thread, and is made while no other one runs.
class GroupSession {
 public:
  // Shows things as the command line says, and listens to signals. `line` is borrowed.
  static Result<std::unique_ptr<GroupSession>> open(const CommandLine& line);

  // Chooses the deployment: `root_url`, or TASKCLUSTER_ROOT_URL's if it is "". While the deployment is away, requests
  // are repeated for `patience`. kBadConfig if neither names a deployment, if they name different ones, or if the
  // credentials in the environment cannot be used.
  Result<void> connect(const std::string& root_url, std::chrono::milliseconds patience);

  taskcluster::Api& api() { return *api_; }  // after connect()
  GroupSink& sink() { return *sink_; }
  std::stop_token stop() const { return stop_.get_token(); }
  bool was_stopped() const { return signals_->stopped_by() != 0; }

  // The end: what moves goes away, the error or the accounting is said. The exit status of the command: 128+n if a
  // signal stopped it, 2 for kBadConfig, else 1; of an accounting as it says.
  int fail(const Error& error);
  int exit_status_of(const Error& error) const;
  // `cause` is why the job failed, "" if it did not.
  int account(const Accounting& accounting, const std::string& cause);
  // The same of a command that ended with an error, which the accounting says as well.
  void account_for(const Error& error, const Accounting& accounting);

 private:
  explicit GroupSession(const CommandLine& line) : line_(line) {}

  const CommandLine& line_;
  std::optional<credentials::NoCoreDumps> no_core_dumps_;
  std::stop_source stop_;
  std::unique_ptr<GroupSink> terminal_;
  std::unique_ptr<view::GroupJson> json_;
  GroupSink* sink_ = nullptr;  // one of the two
  taskcluster::Access access_;
  std::optional<Outages> outages_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<taskcluster::Api> api_;
  std::unique_ptr<Signals> signals_;
};

// Of an error for which the command that is called so can be repeated for the group: says that, and that nothing was
// changed.
Error how_to_go_on(Error error, std::string_view command, const std::string& group_id);

// Runs a command about a task group, and gives its exit status. `work` gives the status, or the error that is then
// said.
int run_group_command(const CommandLine& line, const std::function<Result<int>(GroupSession&)>& work);

}  // namespace quern::app
