#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "model/image_name.h"
#include "services/http/http.h"

namespace quern::app::doctor {

// What a registry says about an image to whoever has no account there.
struct RegistryAnswer {
  int status = 0;      // 200: it is there; 401 and 403: not for everybody; 404: it is not there
  std::string digest;  // of its manifest; "" if the registry does not say
};

// Asks for the manifest's head, with an anonymous token where the registry wants one. Nothing of ours is sent. Errors
// are those of http::Client, and kBadInput for an answer that is none of a registry. Blocks.
Result<RegistryAnswer> ask_registry(const ImageName& name, http::Client& client, const std::stop_token& stop);

}  // namespace quern::app::doctor
