#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/utc_time.h"
#include "model/limits.h"
#include "services/taskcluster/names.h"

// Credentials and access to a deployment. Plain values; nothing here blocks.

namespace quern::taskcluster {

using Clock = std::function<UtcTime()>;

// The credentials of a Taskcluster client. Move-only, because they are secret.
struct Credentials {
  std::string client_id;
  Secret access_token;
  std::string certificate = {};         // for temporary ones, as compact JSON; "" for permanent ones
  std::optional<UtcTime> expires = {};  // as specified by the certificate
  // The scopes that requests are restricted to; nullopt: all scopes of the client.
  std::optional<std::vector<std::string>> authorized_scopes = {};
};

// Checks the three values. `certificate` may be "". kBadConfig, naming the field but never its value, if the client id
// or the token is missing or cannot be in a header, or the certificate is not of version 1.
Result<Credentials> make_credentials(std::string client_id, Secret access_token, std::string_view certificate);

// Returns the value of Hawk's ext: certificate and authorized scopes as base64 of JSON; "" if there is neither.
std::string extension_of(const Credentials& credentials);

// kDenied if the certificate has expired, allowing for a difference of a few minutes from Taskcluster's clock.
Result<void> check_not_ended(const Credentials& credentials, UtcTime now);

struct TemporaryOptions {
  std::string client_id = {};  // the name of the new credentials; "": the issuer's
  std::vector<std::string> scopes;
  UtcTime start;
  UtcTime expiry;
  std::string seed = {};  // two slugids; "": generates new ones
};
// Derives credentials with fewer scopes and an expiry from permanent ones, without a request
// (https://docs.taskcluster.net/docs/manual/design/apis/hawk/temporary-credentials). kBadConfig if the issuer's
// credentials are temporary, the name is the issuer's, or the lifetime is not positive or exceeds 31 days.
Result<Credentials> make_temporary(const Credentials& issuer, const TemporaryOptions& options, const Random& random);

// A deployment, and how to access it.
struct Access {
  std::string root_url;                         // for web pages and signed URLs
  std::string api_root_url;                     // for requests: the same, or the proxy of the current task
  bool is_proxy = false;                        // whether a proxy signs the requests, with the task's scopes
  std::optional<Credentials> credentials = {};  // nullopt: those of the proxy, or none
  // How long requests are repeated while the deployment is busy or unavailable.
  std::chrono::milliseconds patience = limits::kTaskclusterPatience;
};

// Reads TASKCLUSTER_ROOT_URL and, in a task, TASKCLUSTER_PROXY_URL; otherwise TASKCLUSTER_CLIENT_ID,
// TASKCLUSTER_ACCESS_TOKEN and TASKCLUSTER_CERTIFICATE if they are set. An empty variable counts as unset. kBadConfig,
// naming the variable, if the root URL is missing or a value is invalid.
Result<Access> access_of(const EnvironmentLookup& environment);

// Certificates of temporary credentials
// (https://docs.taskcluster.net/docs/manual/design/apis/hawk/temporary-credentials). Pure functions.

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
