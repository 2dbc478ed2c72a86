#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/utc_time.h"
#include "model/limits.h"
#include "services/taskcluster/slugid.h"

// Who asks, and where. Values of no thread; nothing here blocks.

namespace quern::taskcluster {

using Clock = std::function<UtcTime()>;
// Of a client of Taskcluster. Move-only, as what it holds is secret.
struct Credentials {
  std::string client_id;
  Secret access_token;
  std::string certificate = {};         // of temporary ones, as compact JSON; "" for permanent ones
  std::optional<UtcTime> expires = {};  // as the certificate says
  // What requests are restricted to; none: nothing but what the client may do.
  std::optional<std::vector<std::string>> authorized_scopes = {};
};

// Checks what the three say. `certificate` may be "". kBadConfig, naming the field and never its value: the client id
// or the token is missing or cannot be in a header, or the certificate is none of version 1.
Result<Credentials> make_credentials(std::string client_id, Secret access_token, std::string_view certificate);

// What Hawk's ext says: the certificate and the authorized scopes as base64 of JSON; "" if there is neither.
std::string extension_of(const Credentials& credentials);

// kDenied if the certificate has ended, with the few minutes that Taskcluster's own clock may differ.
Result<void> check_not_ended(const Credentials& credentials, UtcTime now);

struct TemporaryOptions {
  std::string client_id = {};  // a name of its own; "": the issuer's
  std::vector<std::string> scopes;
  UtcTime start;
  UtcTime expiry;
  std::string seed = {};  // two slugids; "": new ones
};
// Credentials with fewer scopes and an end, made by whoever has permanent ones, without asking anybody
// (https://docs.taskcluster.net/docs/manual/design/apis/hawk/temporary-credentials). kBadConfig: the issuer's are
// temporary themselves, the name is the issuer's, or they would live longer than 31 days or not at all.
Result<Credentials> make_temporary(const Credentials& issuer, const TemporaryOptions& options, const Random& random);

// A deployment, and how to ask it.
struct Access {
  std::string root_url;                         // for people's pages and for signed URLs
  std::string api_root_url;                     // for requests: the same, or the proxy of the task that we are in
  bool is_proxy = false;                        // it signs, with the scopes of the task
  std::optional<Credentials> credentials = {};  // none: the proxy's, or nobody's
  // How long it is asked again while it is busy or away.
  std::chrono::milliseconds patience = limits::kTaskclusterPatience;
};

// TASKCLUSTER_ROOT_URL, with TASKCLUSTER_PROXY_URL in a task, else with TASKCLUSTER_CLIENT_ID, TASKCLUSTER_ACCESS_TOKEN
// and TASKCLUSTER_CERTIFICATE where they are set; an empty variable counts as one that is not set. kBadConfig, naming
// the variable: the root URL is missing, or one of them is wrong.
Result<Access> access_of(const EnvironmentLookup& environment);

}  // namespace quern::taskcluster
