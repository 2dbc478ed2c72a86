#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/utc_time.h"

// Certificates of temporary credentials
// (https://docs.taskcluster.net/docs/manual/design/apis/hawk/temporary-credentials). Pure functions.

namespace quern::taskcluster {

struct Certificate {
  std::vector<std::string> scopes = {};
  UtcTime start;  // whole milliseconds
  UtcTime expiry;
  std::string seed = {};
  std::string signature = {};
  std::string issuer = {};  // only for named credentials
  std::string json = {};    // as parsed, in compact form, with its fields in the original order
};

// kBadConfig if the text is not a certificate of version 1; the message contains none of it.
Result<Certificate> parse_certificate(std::string_view text);

// Returns the certificate as JSON; ignores `json`.
std::string json_of(const Certificate& certificate);

// Returns the text that the signature covers. `client_id` is the name of the credentials; "" if they have none.
std::string text_to_sign(const Certificate& certificate, std::string_view client_id);

// Returns the JSON whose base64 is Hawk's ext. `certificate` is compact JSON, or "".
std::string extension_json(const std::string& certificate, const std::optional<std::vector<std::string>>& scopes);

}  // namespace quern::taskcluster
