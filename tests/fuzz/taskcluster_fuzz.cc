#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/taskcluster/answers.h"
#include "services/taskcluster/client_credentials.h"
#include "services/taskcluster/names.h"
#include "services/taskcluster/services.h"
#include "services/taskcluster/task.h"

// The first byte says what the rest is.

namespace {

using namespace quern::taskcluster;

void check_certificate(std::string_view text) {
  auto certificate = parse_certificate(text);
  if (!certificate.ok()) return;
  // What goes into a request is what was read.
  auto again = parse_certificate(certificate.value().json);
  CHECK(again.ok() && again.value().json == certificate.value().json);
  CHECK(again.value().scopes == certificate.value().scopes && again.value().expiry == certificate.value().expiry);
  CHECK(extension_json(certificate.value().json, std::nullopt) ==
        R"({"certificate":)" + certificate.value().json + "}");
}

void check_root_url(std::string_view text) {
  auto root = normal_root_url(text);
  if (root.ok()) CHECK(normal_root_url(root.value()).value() == root.value());
}

void check_answers(std::string_view text) {
  static_cast<void>(parse_task_status(text).ok());
  static_cast<void>(parse_task_group(text).ok());
  static_cast<void>(parse_group_cancellation(text).ok());
  static_cast<void>(parse_artifact(text).ok());
  static_cast<void>(parse_artifacts(text).ok());
  static_cast<void>(parse_statuses(text).ok());
  static_cast<void>(parse_group_page(text).ok());
  static_cast<void>(parse_refusal(text));
  static_cast<void>(parse_scopes(text).ok());
  static_cast<void>(parse_secret(text).ok());
  static_cast<void>(parse_indexed_task(text).ok());
  static_cast<void>(parse_s3_credentials(text).ok());
  static_cast<void>(environment_of(text, "QUERN_ARTIFACT_PREFIX"));
  // It does the work that it does itself, or it is no JSON.
  const std::string difference = difference_in_work(text, text);
  CHECK(difference.empty() || difference == "payload");
  if (auto task = parse_task(text); task.ok()) CHECK(parse_task(task.value().json).ok());
  if (auto content = parse_artifact_content(text); content.ok()) {
    CHECK(content.value().credentials.has_value() == (content.value().kind == ArtifactContent::Kind::kObject));
  }
  if (auto object = parse_object_download(text); object.ok()) {
    CHECK(object.value().sha256.size() + object.value().sha512.size() > 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 1) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'c':
      check_certificate(text);
      break;
    case 'a':
      check_answers(text);
      break;
    case 'r':
      check_root_url(text);
      break;
    default:
      static_cast<void>(is_slugid(text));
  }
  return 0;
}
