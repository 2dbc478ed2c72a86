#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/utc_time.h"
#include "services/http/http.h"
#include "services/taskcluster/credentials.h"

// Signatures of requests as Taskcluster wants them: Hawk with HMAC-SHA-256 (https://github.com/mozilla/hawk).

namespace quern::taskcluster {

struct HawkInput {
  std::string_view client_id;
  std::string_view access_token;
  std::string_view method = "GET";
  std::string_view url;         // absolute, exactly as it is sent
  UtcTime time;                 // when a header is made, or when a bewit ends
  std::string_view nonce = "";  // of headers only
  std::string_view hash = "";   // of the body; "": it is not signed
  std::string_view ext = "";    // without " and backslash
};

// Both: kBadInput for a URL that is none, and for what is longer than Taskcluster takes, which only many scopes in the
// extension can cause. Pure functions.
// The value of an Authorization header.
Result<std::string> hawk_header(const HawkInput& input);
// The URL with the signature in its query, for whoever has it, until input.time. For GET and HEAD.
Result<std::string> hawk_signed_url(const HawkInput& input);

// What signs a body: `content_type` as the request has it.
std::string hawk_payload_hash(std::string_view content_type, std::string_view body);

// A URL that shows what the credentials may see to whoever has it, for `lifetime`. kDenied if they have ended.
Result<std::string> signed_url(const Credentials& credentials, std::string_view url, UtcTime now,
                               std::chrono::seconds lifetime);

// Signs each attempt anew. The credentials are borrowed. kDenied once they have ended.
std::unique_ptr<http::Signer> make_signer(const Credentials& credentials, Clock now, Random random);

}  // namespace quern::taskcluster
