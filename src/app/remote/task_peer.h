#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>

#include "base/result.h"
#include "services/http/http.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/client_credentials.h"
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

// Calls `work` for each number below `count`, limits::kPartDownloads at a time, on threads that have a peer each. The
// first error stops the others and is returned. Blocks.
using TaskWork = std::function<Result<void>(TaskPeer& peer, std::size_t number, const std::stop_token& stop)>;
Result<void> for_each_task(const taskcluster::Access& access, std::size_t count, const TaskWork& work,
                           const std::stop_token& stop);

}  // namespace quern::app
