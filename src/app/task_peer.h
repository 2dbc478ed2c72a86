#pragma once

#include <cstdlib>
#include <memory>
#include <utility>

#include "base/result.h"
#include "services/http/http.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/credentials.h"
#include "services/taskcluster/queue.h"

namespace quern::app {

// One thread's connection to the deployment. Borrows the access.
class TaskPeer {
 public:
  static Result<std::unique_ptr<TaskPeer>> make(const taskcluster::Access& access) {
    TRY_ASSIGN(auto client, http::make_client(taskcluster::client_options(access)));
    return std::unique_ptr<TaskPeer>(new TaskPeer(access, std::move(client)));
  }
  taskcluster::Api& api() { return api_; }
  taskcluster::Queue& queue() { return queue_; }

 private:
  TaskPeer(const taskcluster::Access& access, std::unique_ptr<http::Client> client)
      : client_(std::move(client)),
        api_(
            access, *client_, [] { return std::chrono::system_clock::now(); }, taskcluster::system_random),
        queue_(api_) {}

  const std::unique_ptr<http::Client> client_;
  taskcluster::Api api_;
  taskcluster::Queue queue_;
};

}  // namespace quern::app
