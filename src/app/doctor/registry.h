#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "model/image_name.h"
#include "services/http/http.h"

namespace quern::app::doctor {

// A registry's answer about an image to a client without an account.
struct RegistryAnswer {
  int status = 0;      // 200: it exists; 401, 403: not public; 404: it does not exist
  std::string digest;  // of its manifest; "" if the registry does not send it
};

// Requests the head of the manifest, with an anonymous token if the registry requires one. No credentials are sent.
// Errors are those of http::Client, and kBadInput if the answer is not that of a registry. Blocks.
Result<RegistryAnswer> ask_registry(const ImageName& name, http::Client& client, const std::stop_token& stop);

}  // namespace quern::app::doctor
