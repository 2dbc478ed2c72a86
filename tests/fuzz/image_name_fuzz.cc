#include <cstdint>
#include <string>
#include <string_view>

#include "app/doctor/program_checks.h"
#include "app/doctor/registry.h"
#include "base/result.h"
#include "model/image_name.h"
#include "services/http/http.h"

namespace doctor = quern::app::doctor;

// What a job file names an image, what a registry wants for it, and what an interpreter says its version is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(doctor::parse_version(text));
  auto name = quern::parse_image_name(text);
  if (name.ok()) {
    // Nothing of a name that was taken makes another URL of it.
    auto url = quern::http::parse_url(doctor::manifest_url(name.value()));
    if (url.ok())
      CHECK(url.value().path.starts_with("/v2/" + name.value().repository + "/") && url.value().query.empty());
  }
  const quern::ImageName debian{.registry = "docker.io", .repository = "library/debian", .tag = "12", .digest = ""};
  auto challenge = doctor::parse_token_challenge(text);
  if (!challenge.has_value()) return 0;
  auto url = doctor::token_url(*challenge, debian);
  CHECK(!url.ok() || url.value().starts_with(challenge->realm));
  return 0;
}
