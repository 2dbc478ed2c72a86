#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/utc_time.h"
#include "model/credentials.h"
#include "services/credentials/aws_environment.h"
#include "services/credentials/core_dumps.h"
#include "services/credentials/key.h"
#include "services/s3/credential_provider.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/services.h"

namespace quern::app {

struct CredentialRequest {
  EnvironmentLookup environment;
  std::function<UtcTime()> now;
  bool is_anonymous = false;                             // --no-sign-request
  std::string key_file = {};                             // from --key; "" if it was not given
  std::string system_key = credentials::kSystemKeyFile;  // replaced only in tests
  std::string profile = {};  // from --profile, which takes precedence over variables; "" if it was not given
  bool is_local = false;     // ignore CREDENTIALS and the metadata of container and instance
};

// Must be kept as long as the credentials are needed.
struct FoundCredentials {
  // Declared first, so that it is destroyed last: no core dump contains the credentials. Null if there are none.
  std::unique_ptr<credentials::NoCoreDumps> no_core_dumps;
  std::unique_ptr<s3::CredentialProvider> provider;  // never null; anonymous if there are no credentials
  std::string source;                                // as AwsCredentials::source; "" if there are none, or not yet
  bool is_asked_for = false;                         // they are requested, possibly over the network
  std::string region;                                // of the credentials, their profile, or the environment; or ""
};

// Finds credentials in the first of these sources: CREDENTIALS, opened with the private key; AWS_ACCESS_KEY_ID and so
// on; a web identity or the profile (credentials::from_profile), whose roles are assumed and whose process runs when
// the first request is signed; the metadata of the container or the instance, likewise. Without any, the provider is
// anonymous. Requested credentials are requested again before they expire. If a source exists and cannot be used, that
// is an error, and later sources are not tried: other credentials have other rights. kDenied also if they have expired,
// or will within a minute. Reads a few small files.
Result<FoundCredentials> find_credentials(const CredentialRequest& request);

// Provides credentials for reading what is below a prefix in a bucket, from Taskcluster's auth service. They are
// requested when the first request is signed, and again before they expire after an hour. Borrows the api, whose scopes
// must permit it.
std::unique_ptr<s3::CredentialProvider> make_taskcluster_provider(taskcluster::Api& api, taskcluster::S3Request request,
                                                                  std::function<UtcTime()> now);

// Splits a command into words like a POSIX shell, but supports only spaces, quotes and backslashes. kBadInput if a
// quote is not closed.
Result<std::vector<std::string>> words_of(std::string_view command);

// Runs the credential_process of a profile and parses its output: {"Version": 1, "AccessKeyId", "SecretAccessKey",
// "SessionToken", "Expiration"}. The process runs without a shell, in quern's environment, and may write to its
// standard error. `source` is for messages, which contain neither the command nor its output. kDenied if it fails.
// Blocks.
Result<AwsCredentials> run_credential_process(const std::string& command, const std::string& source);

}  // namespace quern::app
