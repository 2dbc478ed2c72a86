#include "services/s3/credential_provider.h"

#include <string>
#include <utility>

#include "base/utc_time.h"

namespace quern::s3 {
namespace {

class FixedProvider final : public CredentialProvider {
 public:
  FixedProvider(AwsCredentials credentials, std::function<UtcTime()> now)
      : credentials_(std::move(credentials)), now_(std::move(now)) {}
  Result<const AwsCredentials*> current(const std::stop_token& /*stop*/) override {
    TRY(check_not_expired(credentials_, now_()));
    return &credentials_;
  }

 private:
  const AwsCredentials credentials_;
  const std::function<UtcTime()> now_;
};

class RefreshedProvider final : public CredentialProvider {
 public:
  RefreshedProvider(FetchCredentials fetch, std::function<UtcTime()> now)
      : fetch_(std::move(fetch)), now_(std::move(now)) {}

  Result<const AwsCredentials*> current(const std::stop_token& stop) override {
    UtcTime now = now_();
    if (is_due(now)) {
      next_attempt_ = now + limits::kRefreshPause;
      auto fetched = fetch_(stop);
      if (fetched.ok()) {
        credentials_ = std::move(fetched).value();
        was_asked_ = true;
      } else if (!credentials_.has_value() || !check_not_expired(*credentials_, now).ok()) {
        return std::move(fetched).error();
      }
    }
    if (!credentials_.has_value()) return nullptr;
    TRY(check_not_expired(*credentials_, now));
    return &*credentials_;
  }

 private:
  bool is_due(UtcTime now) const {
    if (!was_asked_) return true;
    if (!credentials_.has_value() || !credentials_->expires.has_value()) return false;
    return *credentials_->expires - now <= limits::kRefreshBeforeExpiry && now >= next_attempt_;
  }

  const FetchCredentials fetch_;
  const std::function<UtcTime()> now_;
  std::optional<AwsCredentials> credentials_;
  bool was_asked_ = false;
  UtcTime next_attempt_;
};

class AnonymousProvider final : public CredentialProvider {
 public:
  Result<const AwsCredentials*> current(const std::stop_token& /*stop*/) override { return nullptr; }
};

}  // namespace

std::unique_ptr<CredentialProvider> make_fixed_provider(AwsCredentials credentials, std::function<UtcTime()> now) {
  return std::make_unique<FixedProvider>(std::move(credentials), std::move(now));
}

std::unique_ptr<CredentialProvider> make_refreshed_provider(FetchCredentials fetch, std::function<UtcTime()> now) {
  return std::make_unique<RefreshedProvider>(std::move(fetch), std::move(now));
}

std::unique_ptr<CredentialProvider> make_anonymous_provider() { return std::make_unique<AnonymousProvider>(); }

Result<void> check_not_expired(const AwsCredentials& credentials, UtcTime now) {
  if (!credentials.expires.has_value() || *credentials.expires - now > limits::kLeastCredentialLife) return {};
  auto rest = std::chrono::duration_cast<std::chrono::seconds>(*credentials.expires - now);
  std::string when = format_utc(*credentials.expires);
  std::string message = "the credentials of " + credentials.source;
  if (rest.count() <= 0) {
    message += " expired at " + when + ", " + rough_duration(rest) + " ago";
  } else {
    message += " expire at " + when + ", in " + rough_duration(rest);
  }
  return Error{.kind = ErrorKind::kDenied, .message = message + "; get new ones and start again"};
}

}  // namespace quern::s3
