#include "services/taskcluster/root_url.h"

#include <utility>

#include "base/encoding.h"
#include "services/http/http.h"

namespace quern::taskcluster {

Result<std::string> normal_root_url(std::string_view text) {
  auto url = http::parse_url(text);
  if (!url.ok()) {
    url.error().kind = ErrorKind::kBadConfig;
    return std::move(url).error();
  }
  bool has_path = url.value().path.find_first_not_of('/') != std::string::npos;
  if (has_path || text.find_first_of("?#") != std::string_view::npos) {
    return bad_config("the root URL of a deployment has neither path nor query; write " + url.value().scheme + "://" +
                      url.value().host);
  }
  return url.value().scheme + "://" + url.value().host;
}

std::string api_url(std::string_view root, std::string_view service, std::string_view path) {
  return std::string(root).append("/api/").append(service).append("/v1").append(path);
}

std::string api_path(std::initializer_list<std::string_view> parts) {
  std::string path;
  for (std::string_view part : parts) path.append("/").append(percent_encode(part));
  return path;
}

std::string task_page(std::string_view root, std::string_view task_id) {
  return std::string(root).append("/tasks/").append(task_id);
}

std::string run_page(std::string_view root, std::string_view task_id, int run_id) {
  return task_page(root, task_id) + "/runs/" + std::to_string(run_id);
}

std::string group_page(std::string_view root, std::string_view task_group_id) {
  return std::string(root).append("/tasks/groups/").append(task_group_id);
}

std::string artifact_url(std::string_view root, std::string_view task_id, std::optional<int> run_id,
                         std::string_view name) {
  if (!run_id.has_value()) return api_url(root, "queue", api_path({"task", task_id, "artifacts", name}));
  return api_url(root, "queue", api_path({"task", task_id, "runs", std::to_string(*run_id), "artifacts", name}));
}

}  // namespace quern::taskcluster
