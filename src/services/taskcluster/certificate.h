#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/utc_time.h"

// The certificates of temporary credentials. Pure functions.

namespace quern::taskcluster {

struct Certificate {
  std::vector<std::string> scopes = {};
  UtcTime start;  // whole milliseconds
  UtcTime expiry;
  std::string seed = {};
  std::string signature = {};
  std::string issuer = {};  // of named ones only
  std::string json = {};    // as it was parsed, compact, with its fields in their order
};

// kBadConfig: it is no certificate of version 1; the message has nothing of it.
Result<Certificate> parse_certificate(std::string_view text);

// Without `json`, which is what this makes.
std::string json_of(const Certificate& certificate);

// What its signature is of. `client_id` is its name; "" if it has none.
std::string text_to_sign(const Certificate& certificate, std::string_view client_id);

// What Hawk's ext is the base64 of. `certificate` is compact JSON, or "".
std::string extension_json(const std::string& certificate, const std::optional<std::vector<std::string>>& scopes);

}  // namespace quern::taskcluster
