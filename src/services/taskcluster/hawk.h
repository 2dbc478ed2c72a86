#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/utc_time.h"
#include "services/http/http.h"
#include "services/taskcluster/client_credentials.h"

// Signs requests for Taskcluster: Hawk with HMAC-SHA-256 (https://github.com/mozilla/hawk).

namespace quern::taskcluster {

struct HawkInput {
  std::string_view client_id;
  std::string_view access_token;
  std::string_view method = "GET";
  std::string_view url;         // absolute, exactly as sent
  UtcTime time;                 // the time of a header, or the expiry of a bewit
  std::string_view nonce = "";  // only for headers
  std::string_view hash = "";   // of the body; "": the body is not signed
  std::string_view ext = "";    // must not contain " or a backslash
};

// Both functions: kBadInput if the URL is invalid, or the result is longer than Taskcluster accepts, which only many
// scopes in the extension can cause. Pure functions.
// Returns the value of an Authorization header.
Result<std::string> hawk_header(const HawkInput& input);
// Returns the URL with the signature in its query, which anyone who has it can use until input.time. For GET and HEAD.
Result<std::string> hawk_signed_url(const HawkInput& input);

// Returns the hash that signs a body; `content_type` is that of the request.
std::string hawk_payload_hash(std::string_view content_type, std::string_view body);

// Returns a URL that gives anyone who has it the access of the credentials for `lifetime`. kDenied if they have
// expired.
Result<std::string> signed_url(const Credentials& credentials, std::string_view url, UtcTime now,
                               std::chrono::seconds lifetime);

// Signs each attempt again. Borrows the credentials. kDenied once they have expired.
std::unique_ptr<http::Signer> make_signer(const Credentials& credentials, Clock now, Random random);

}  // namespace quern::taskcluster
