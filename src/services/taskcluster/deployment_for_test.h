#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "fakes/fault_server.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/names.h"
#include "services/taskcluster/queue.h"

namespace quern::taskcluster {

// The id of a task group.
inline const std::string kGroup = "Q3GkR1sXTx2mV0c7b1yZ5A";

// tests/fakes/taskcluster_server.py, with a client that may do everything and a worker for its only pool.
class Deployment {
 public:
  using Json = nlohmann::json;

  explicit Deployment(const std::string& plan = "{}", const std::vector<std::string>& scopes = {"*"})
      : server_(with_client(Json::parse(plan), scopes).dump(), "taskcluster_server.py") {
    access.root_url = access.api_root_url = server_.url("");
    access.credentials = make_credentials("tester", Secret(std::string("no-secret")), "").value();
    http::ClientOptions options = client_options(access);
    options.retry.attempts = 3;
    options.retry.patience = {};
    options.retry.first_wait = options.retry.longest_wait = std::chrono::milliseconds(1);
    client = http::make_client(options).value();
    renew();
  }

  // Call it after a change of `access`.
  void renew() {
    api.emplace(
        access, *client, [this] { return std::chrono::system_clock::now() + clock_offset; }, system_random);
    queue.emplace(*api);
  }

  void change_plan(const std::string& plan) {
    CHECK(client->call({.method = "POST", .url = server_.url("/_plan"), .body = plan}, nullptr, {}).ok());
  }
  Json requests() { return Json::parse(client->call({.url = server_.url("/_requests")}, nullptr, {}).value().body); }

  Json definition(const std::string& group_id, const std::vector<std::string>& dependencies = {}) const {
    UtcTime now = std::chrono::system_clock::now();
    return {
        {"taskQueueId", "proj-example/linux"},
        {"schedulerId", "quern"},
        {"taskGroupId", group_id},
        {"dependencies", dependencies},
        {"created", format_utc(now)},
        {"deadline", format_utc(now + std::chrono::hours(24))},
        {"payload", Json::object()},
        {"tags", {{"kind", "map"}}},
        {"metadata",
         {{"name", "map 1/2"}, {"description", "-"}, {"owner", "a@example.com"}, {"source", "https://example.com"}}}};
  }
  // Creates a task with that definition.
  std::string create(const std::string& group_id, const std::vector<std::string>& dependencies = {}) {
    std::string id = make_slugid(system_random);
    CHECK(queue->create_task(id, definition(group_id, dependencies).dump(), {}).ok());
    return id;
  }

  Json post(const std::string& path, const Json& body) {
    return Json::parse(api->ask({.name = path, .method = "POST", .path = path, .body = body.dump()}, {}).value());
  }
  // Returns the id of the task that a worker gets next; "" if there is none.
  std::string claim() {
    Json claims = post("/claim-work/proj-example/linux", {{"workerGroup", "g"}, {"workerId", "w"}, {"tasks", 1}});
    return claims["tasks"].empty() ? "" : claims["tasks"][0]["status"]["taskId"].get<std::string>();
  }
  void report(const std::string& task_id, int run_id, const std::string& what, const Json& body = Json::object()) {
    post("/task/" + task_id + "/runs/" + std::to_string(run_id) + "/" + what, body);
  }
  // Adds an artifact; `artifact` has its storageType and the fields that belong to it. Returns the answer.
  Json add_artifact(const std::string& task_id, int run_id, const std::string& name, Json artifact) {
    artifact["expires"] = format_utc(std::chrono::system_clock::now() + std::chrono::hours(24));
    return post("/task/" + task_id + "/runs/" + std::to_string(run_id) + "/artifacts/" + percent_encode(name),
                artifact);
  }
  void upload(const std::string& task_id, int run_id, const std::string& name, const std::string& bytes,
              const std::string& type = "application/octet-stream") {
    Json answer = add_artifact(task_id, run_id, name,
                               {{"storageType", "s3"}, {"contentType", type}, {"contentLength", bytes.size()}});
    http::Request put{.method = "PUT", .url = answer["putUrl"], .headers = {{"Content-Type", type}}, .body = bytes};
    CHECK(client->call(put, nullptr, {}).ok());
  }

  Access access;
  std::chrono::seconds clock_offset{0};
  std::unique_ptr<http::Client> client;
  std::optional<Api> api;
  std::optional<Queue> queue;

 private:
  static Json with_client(Json plan, const std::vector<std::string>& scopes) {
    plan["clients"]["tester"] = {{"accessToken", "no-secret"}, {"scopes", scopes}};
    return plan;
  }

  fakes::FaultServer server_;
};

}  // namespace quern::taskcluster
