#include "app/doctor/doctor_peers.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/doctor/peer_checks.h"
#include "app/doctor/registry.h"
#include "app/group/job_plan.h"
#include "app/group/submit.h"
#include "app/plan/plan.h"
#include "app/remote/credential_chain.h"
#include "app/remote/remote_access.h"
#include "model/image_name.h"
#include "model/limits.h"
#include "services/http/http.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/names.h"
#include "services/taskcluster/queue.h"
#include "services/taskcluster/scopes.h"
#include "services/taskcluster/services.h"

namespace quern::app {
namespace {

// Timeouts and attempts for each server, and how much of an answer is read.
constexpr std::chrono::seconds kDoctorConnectTimeout{5};
constexpr std::chrono::seconds kDoctorTimeout{10};
constexpr std::size_t kDoctorAttempts = 2;
constexpr std::size_t kMaxDoctorAnswerBytes = 1 * limits::kMiB;
// S3 refuses requests whose time differs from its own by more than this.
constexpr std::chrono::minutes kS3ClockDifference{15};

using doctor::lacking;
using doctor::Need;
using doctor::note;
using doctor::ok;

constexpr const char* kAmazon = "https://s3.amazonaws.com/";

http::ClientOptions short_patience() {
  http::ClientOptions options;
  options.retry.attempts = kDoctorAttempts;
  options.timeouts = {.connect = kDoctorConnectTimeout, .stall = kDoctorTimeout, .total = kDoctorTimeout};
  options.most_body_bytes = kMaxDoctorAnswerBytes;
  return options;
}

// How far the clock of the server that sent this answer is ahead of this machine's.
std::optional<std::chrono::seconds> ahead_of_us(const http::Response& response) {
  auto date = response.head.header("date");
  auto theirs = date.has_value() ? http::parse_http_date(*date) : std::nullopt;
  if (!theirs.has_value()) return std::nullopt;
  // Dates have whole seconds, so half a second is cut off on average.
  return std::chrono::round<std::chrono::seconds>(*theirs + std::chrono::milliseconds(500) -
                                                  std::chrono::system_clock::now());
}

void tell_clock(const PeerLook& look, const std::string& whose, const http::Response& response,
                std::chrono::seconds tolerated, Need need) {
  const auto ahead = ahead_of_us(response);
  look.found(ahead.has_value() ? doctor::check_clock(whose, *ahead, tolerated, need)
                               : note("clock", fmt::format("the answer of {} has no date", whose)));
}

// Without a job, everything that is set up counts as needed.
Need need_of(const PeerLook& look, bool job_needs_it) {
  return look.job == nullptr || job_needs_it ? Need::kNeeded : Need::kNotNeeded;
}

// Credentials

Finding s3_credentials(const PeerLook& look, Need need) {
  const std::string what = "S3 credentials";
  if (look.line.no_sign_request) return ok(what, "none, as --no-sign-request says");
  auto found = find_credentials({.environment = process_environment(),
                                 .now = std::chrono::system_clock::now,
                                 .key_file = look.line.key.value_or("")});
  if (!found.ok()) return lacking(need, what, found.error());
  if (found.value().source.empty()) {
    if (!look.needs_s3) return note(what, "none are set up, and none are needed here");
    if (look.line.is_offline) return note(what, "none are set up, and what this machine's metadata give is not asked");
  }
  if (look.line.is_offline && found.value().is_asked_for) {
    return note(what, fmt::format("those of {}, who was not asked", found.value().source));
  }
  auto current = found.value().provider->current(look.stop);
  if (!current.ok()) return lacking(need, what, current.error());
  return doctor::check_aws_credentials(current.value(), std::chrono::system_clock::now());
}

void look_at_s3_server(const PeerLook& look, Need need) {
  const std::string what = "S3 server";
  const auto named = s3_endpoint(look.line, process_environment());
  if (!named.ok()) return look.found(lacking(need, what, named.error(), "correct --endpoint or AWS_ENDPOINT_URL"));
  const std::string& endpoint = named.value();
  if ((endpoint.empty() && !look.needs_s3) || look.line.is_offline) return;
  const std::string url = endpoint.empty() ? kAmazon : endpoint;
  auto parsed = http::parse_url(url);
  if (!parsed.ok()) return look.found(lacking(need, what, parsed.error(), "correct --endpoint or AWS_ENDPOINT_URL"));
  const std::string shown = fmt::format("{}://{}", parsed.value().scheme, parsed.value().host);
  auto client = http::make_client(short_patience());
  if (!client.ok()) return look.found(lacking(need, what, client.error()));
  auto response = client.value()->call({.url = url, .keeps_refusals = true}, nullptr, look.stop);
  if (!response.ok()) {
    return look.found(lacking(need, what, response.error(), "check the network, the proxy's variables and --endpoint"));
  }
  look.found(ok(what, shown + " answers"));
  tell_clock(look, shown, response.value(), kS3ClockDifference, need);
}

// Taskcluster

class TaskclusterLook {
 public:
  TaskclusterLook(const PeerLook& look, std::optional<plan::Settings> settings, taskcluster::Access access, Need need,
                  std::unique_ptr<http::Client> client)
      : look_(look),
        settings_(std::move(settings)),
        access_(std::move(access)),
        need_(need),
        client_(std::move(client)),
        api_(access_, *client_, std::chrono::system_clock::now, taskcluster::system_random),
        queue_(api_) {}

  void run();

 private:
  bool answers();
  void look_at_scopes();
  std::optional<JobPlan> plan_tasks();
  void look_at_registry(const std::string& image);
  void look_at_artifact(const std::string& task_id, const std::string& path);
  void look_at_image(bool has_answered);

  const PeerLook& look_;
  const std::optional<plan::Settings> settings_;  // of the job, if it has any
  const taskcluster::Access access_;
  const Need need_;
  const std::unique_ptr<http::Client> client_;
  taskcluster::Api api_;
  taskcluster::Queue queue_;
};

void TaskclusterLook::run() {
  const Finding client = doctor::check_client(access_, std::chrono::system_clock::now(), need_);
  const bool has_answered = !look_.line.is_offline && answers();
  look_.found(client);
  const bool may_ask =
      access_.is_proxy || (access_.credentials.has_value() &&
                           taskcluster::check_not_ended(*access_.credentials, std::chrono::system_clock::now()).ok());
  if (has_answered && may_ask) look_at_scopes();
  if (settings_.has_value() && !look_.line.is_offline) look_at_image(has_answered);
}

bool TaskclusterLook::answers() {
  const std::string what = "deployment";
  auto response =
      client_->call({.url = taskcluster::api_url(access_.api_root_url, "queue", "/ping")}, nullptr, look_.stop);
  const char* fix = "check the network, the proxy's variables and TASKCLUSTER_ROOT_URL";
  if (!response.ok()) {
    look_.found(lacking(need_, what, response.error(), fix));
    return false;
  }
  if (response.value().body.find("\"alive\"") == std::string::npos) {
    look_.found(lacking(need_, what, access_.root_url + " answers, but not as Taskcluster does", fix));
    return false;
  }
  look_.found(ok(what, access_.root_url + " answers"));
  tell_clock(look_, access_.root_url, response.value(), limits::kMaxClockDifference, need_);
  return true;
}

// Returns nothing if it is not known which tasks there would be.
std::optional<JobPlan> TaskclusterLook::plan_tasks() {
  if (!settings_.has_value() || !look_.names_inputs) return std::nullopt;
  const UtcTime time = std::chrono::system_clock::now();
  auto planned = plan_job(look_.line, {.now = time, .group_id = {}}, look_.stop);
  if (planned.ok()) {
    if (auto checked = plan::check_graph(planned.value().graph); !checked.ok()) {
      look_.found(lacking(need_, "tasks", checked.error()));
    }
    return std::move(planned).value();
  }
  look_.found(lacking(need_, "tasks", planned.error()));
  return std::nullopt;
}

void TaskclusterLook::look_at_scopes() {
  const std::string what = "scopes";
  const auto held = submit::held_scopes(api_, look_.stop);
  if (!held.ok()) return look_.found(lacking(need_, what, held.error()));
  const std::optional<JobPlan> planned = plan_tasks();
  const auto& scopes = held.value().scopes;
  if (scopes.has_value()) {
    std::optional<std::vector<std::string>> missing;
    if (planned.has_value()) {
      missing = plan::missing_scopes(planned->graph, *scopes);
      for (auto& scope : plan::missing_to_watch(planned->graph, {}, *scopes)) {
        missing->push_back(std::move(scope));
      }
    }
    return look_.found(doctor::check_scopes(scopes->size(), missing, need_));
  }
  // quern submit also continues in this case, and leaves the check to the deployment.
  look_.found(lacking(Need::kNotNeeded, what, {.message = "they cannot be checked: " + held.value().why}));
  if (!planned.has_value()) return;
  auto tried = submit::try_to_watch(api_, watched_things(planned->graph), look_.stop);
  if (!tried.ok()) look_.found(lacking(need_, what, tried.error()));
}

void TaskclusterLook::look_at_registry(const std::string& image) {
  auto name = parse_image_name(image);
  if (!name.ok()) return look_.found(lacking(need_, "image", name.error()));
  auto answer = doctor::ask_registry(name.value(), *client_, look_.stop);
  if (answer.ok()) return look_.found(doctor::check_registry_image(name.value(), answer.value()));
  // Only the workers have to reach the registry.
  const bool is_refused = answer.error().kind != ErrorKind::kRetry;
  look_.found(lacking(is_refused ? need_ : Need::kNotNeeded, "image", answer.error(),
                      "check taskcluster.image; workers ask the registry, and this machine does not have to reach it"));
}

// Tasks wait for the task that makes their image, so it need not have completed yet.
void TaskclusterLook::look_at_artifact(const std::string& task_id, const std::string& path) {
  const std::string artifact = fmt::format("artifact {} of task {}", path, task_id);
  auto info = queue_.artifact_info({.task_id = task_id, .run_id = {}, .name = path}, look_.stop);
  if (info.ok()) return look_.found(ok("image", artifact));
  auto status = queue_.status(task_id, look_.stop);
  if (status.ok() && !status.value().is_resolved()) {
    return look_.found(note("image", fmt::format("{}, which is {}", artifact, name_of(status.value().state))));
  }
  look_.found(lacking(need_, "image", info.error(), "correct taskcluster.image"));
}

void TaskclusterLook::look_at_image(bool has_answered) {
  const plan::Image& image = settings_->image;
  if (!image.name.empty()) return look_at_registry(image.name);
  if (!has_answered) return;
  if (!image.task_id.empty()) return look_at_artifact(image.task_id, image.path);
  auto task_id = taskcluster::indexed_task(api_, image.name_space, look_.stop);
  if (!task_id.ok()) return look_.found(lacking(need_, "image", task_id.error(), "correct taskcluster.image"));
  look_at_artifact(task_id.value(), image.path);
}

// The job's root URL takes precedence over that of the environment.
EnvironmentLookup environment_with(const std::string& root_url) {
  const auto environment = process_environment();
  return [environment, root_url](const char* name) {
    return !root_url.empty() && std::string_view(name) == "TASKCLUSTER_ROOT_URL" ? root_url.c_str() : environment(name);
  };
}

bool is_set_up(const char* name) {
  const char* value = process_environment()(name);
  return value != nullptr && *value != '\0';
}

// quern submit refuses a job whose deployment differs from that of the environment.
void compare_deployments(const PeerLook& look, const std::string& of_job) {
  auto of_environment = taskcluster::access_of(process_environment());
  if (!of_environment.ok() || of_job.empty() || of_environment.value().root_url == of_job) return;
  look.found(lacking(
      Need::kNeeded, "deployment",
      fmt::format("the job's is {}, and TASKCLUSTER_ROOT_URL names {}", of_job, of_environment.value().root_url),
      "unset TASKCLUSTER_ROOT_URL, or name the one that is meant in both"));
}

}  // namespace

void look_at_s3(const PeerLook& look) {
  const Need need = need_of(look, look.needs_s3);
  look.found(s3_credentials(look, need));
  look_at_s3_server(look, need);
}

void look_at_taskcluster(const PeerLook& look) {
  const bool has_settings = look.job != nullptr && look.job->taskcluster_json != "{}";
  const Need need = need_of(look, has_settings);
  if (!has_settings && !is_set_up("TASKCLUSTER_ROOT_URL")) {
    return look.found(note("Taskcluster", "not set up, and not needed here"));
  }
  std::optional<plan::Settings> settings;
  if (has_settings) {
    auto read = plan::read_settings(*look.job);
    if (!read.ok())
      return look.found(lacking(need, "Taskcluster", read.error(), "correct the taskcluster map of the job"));
    settings = std::move(read).value();
    compare_deployments(look, settings->root_url);
  }
  auto access = taskcluster::access_of(environment_with(settings.has_value() ? settings->root_url : ""));
  if (!access.ok()) return look.found(lacking(need, "Taskcluster", access.error()));
  auto client = http::make_client(short_patience());
  if (!client.ok()) return look.found(lacking(need, "Taskcluster", client.error()));
  TaskclusterLook(look, std::move(settings), std::move(access).value(), need, std::move(client).value()).run();
}

}  // namespace quern::app
