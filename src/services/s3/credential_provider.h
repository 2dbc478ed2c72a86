#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/result.h"
#include "base/utc_time.h"
#include "model/credentials.h"
#include "services/s3/s3_limits.h"

namespace quern::s3 {

// Where signatures get their credentials from. Belongs to one thread.
class CredentialProvider {
 public:
  virtual ~CredentialProvider() = default;
  // What to sign with now: valid until the next call, and for at least a minute. nullptr: there are none, and requests
  // go unsigned. May block, where it asks somebody. kDenied: they have expired, or are about to, and there is no way to
  // get others; the message says which and when.
  virtual Result<const AwsCredentials*> current(const std::stop_token& stop) = 0;
};

// One set of credentials, as long as it lasts.
std::unique_ptr<CredentialProvider> make_fixed_provider(AwsCredentials credentials, std::function<UtcTime()> now);
// Temporary ones that `fetch` gets: when they are first needed, and again limits::kRefreshBeforeExpiry before they end.
// A refresh that fails is repeated after limits::kRefreshPause, as long as the old ones are good. `fetch` gives none
// where requests are to be anonymous.
using FetchCredentials = std::function<Result<std::optional<AwsCredentials>>(const std::stop_token& stop)>;
std::unique_ptr<CredentialProvider> make_refreshed_provider(FetchCredentials fetch, std::function<UtcTime()> now);
// None, ever: all requests are anonymous.
std::unique_ptr<CredentialProvider> make_anonymous_provider();

// kDenied if they end within a minute of `now`: "the credentials of AWS_ACCESS_KEY_ID expired at 2026-11-05T08:00:00Z,
// 3 minutes ago; ...".
Result<void> check_not_expired(const AwsCredentials& credentials, UtcTime now);

}  // namespace quern::s3
