#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/result.h"
#include "base/utc_time.h"
#include "model/credentials.h"

namespace quern::limits {

// Credentials that can be renewed are renewed this long before they expire, and after a failure again only after the
// pause. Credentials that expire within kLeastCredentialLife are not used, because a request takes a while to arrive
// and clocks differ.
inline constexpr std::chrono::minutes kRefreshBeforeExpiry{5};
inline constexpr std::chrono::seconds kRefreshPause{30};
inline constexpr std::chrono::minutes kLeastCredentialLife{1};

}  // namespace quern::limits

namespace quern::s3 {

// Provides the credentials for signatures. Not thread-safe.
class CredentialProvider {
 public:
  virtual ~CredentialProvider() = default;
  // Returns the credentials to sign with now, valid until the next call and for at least a minute; nullptr if there are
  // none and requests are not signed. May block while it requests new ones. kDenied if they have expired, or are about
  // to, and cannot be renewed; the message says which and when.
  virtual Result<const AwsCredentials*> current(const std::stop_token& stop) = 0;
};

// Always provides the same credentials, as long as they are valid.
std::unique_ptr<CredentialProvider> make_fixed_provider(AwsCredentials credentials, std::function<UtcTime()> now);
// Provides temporary credentials from `fetch`, which is called when they are first needed and again
// limits::kRefreshBeforeExpiry before they expire. A failed refresh is repeated after limits::kRefreshPause, as long as
// the old ones are valid. `fetch` returns nullopt if requests should be anonymous.
using FetchCredentials = std::function<Result<std::optional<AwsCredentials>>(const std::stop_token& stop)>;
std::unique_ptr<CredentialProvider> make_refreshed_provider(FetchCredentials fetch, std::function<UtcTime()> now);
// Never provides credentials: all requests are anonymous.
std::unique_ptr<CredentialProvider> make_anonymous_provider();

// kDenied if they expire within a minute of `now`: "the credentials of AWS_ACCESS_KEY_ID expired at
// 2026-11-05T08:00:00Z, 3 minutes ago; ...".
Result<void> check_not_expired(const AwsCredentials& credentials, UtcTime now);

}  // namespace quern::s3
