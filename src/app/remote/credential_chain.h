#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/utc_time.h"
#include "services/credentials/core_dumps.h"
#include "services/credentials/environment.h"
#include "services/credentials/key_file.h"
#include "services/s3/credential_provider.h"
#include "services/taskcluster/api.h"
#include "services/taskcluster/services.h"

namespace quern::app {

struct CredentialRequest {
  EnvironmentLookup environment;
  std::function<UtcTime()> now;
  bool is_anonymous = false;                             // --no-sign-request
  std::string key_file = {};                             // of --key; "" if it was not given
  std::string system_key = credentials::kSystemKeyFile;  // a test's own
  std::string profile = {};  // of --profile, which comes before variables; "" if it was not given
  bool is_local = false;     // true: neither CREDENTIALS nor the metadata of container and instance count
};

// Whoever needs credentials keeps all of this for as long as it does.
struct FoundCredentials {
  // First, so that it goes last: no core dump has them. Null where there are none.
  std::unique_ptr<credentials::NoCoreDumps> no_core_dumps;
  std::unique_ptr<s3::CredentialProvider> provider;  // never null; anonymous where there are none
  std::string source;                                // as AwsCredentials::source; "" where there are none, or not yet
  bool is_asked_for = false;                         // somebody is asked for them, perhaps over the network
  std::string region;                                // that they or their profile come with, or the environment; or ""
};

// The first of: CREDENTIALS, opened with the private key; AWS_ACCESS_KEY_ID and so on; a web identity or the profile
// (credentials::from_profile), whose roles are assumed and whose process runs when the first request is signed; the
// metadata of the container or the instance, likewise; none. What was asked for is asked for again before it ends. A
// source that
// is there and cannot be used is an error, and never a reason to go on to the next: other credentials are other rights.
// kDenied also where they have expired, or will within a minute. Reads a few small files.
Result<FoundCredentials> find_credentials(const CredentialRequest& request);

// Credentials for reading what lies below a prefix in a bucket, from Taskcluster's auth service: asked for when the
// first request is signed, and again before their hour ends. Borrows the api, whose scopes must allow it.
std::unique_ptr<s3::CredentialProvider> make_taskcluster_provider(taskcluster::Api& api, taskcluster::S3Request request,
                                                                  std::function<UtcTime()> now);

}  // namespace quern::app
