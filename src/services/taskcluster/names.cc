#include "services/taskcluster/names.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/result.h"
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

namespace {

constexpr std::size_t kLetters = 22;

bool is_letter_of_alphabet(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

void system_random(std::span<unsigned char> bytes) {
  CHECK(::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
}

std::string make_slugid(const Random& random) {
  std::array<unsigned char, 16> uuid{};
  random(uuid);
  // The version and the variant of RFC 9562. With the first bit cleared, an id cannot begin with '-' and be mistaken
  // for an option.
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0FU) | 0x40U);
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3FU) | 0x80U);
  uuid[0] = static_cast<unsigned char>(uuid[0] & 0x7FU);
  return url_safe_base64_encode({reinterpret_cast<const char*>(uuid.data()), uuid.size()});
}

bool is_slugid(std::string_view text) {
  auto is_one_of = [&](std::size_t at, std::string_view letters) {
    return letters.find(text[at]) != std::string_view::npos;
  };
  return text.size() == kLetters && std::all_of(text.begin(), text.end(), is_letter_of_alphabet) &&
         is_one_of(8, "QRST") && is_one_of(10, "CGKOSWaeimquy26-") && is_one_of(21, "AQgw");
}

}  // namespace quern::taskcluster
