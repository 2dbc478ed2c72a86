#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/utc_time.h"
#include "model/credentials.h"
#include "services/http/http.h"
#include "services/s3/credential_provider.h"

// Signs requests with AWS Signature Version 4. The parts of a request are brought into a canonical form first, so that
// both sides sign the same bytes:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

namespace quern::s3 {

// How the path is changed for signing. S3 signs it as it is sent, because its keys may contain "//" and "..". Every
// other service removes dot segments and repeated slashes, and encodes the path once more.
struct PathRule {
  bool normalises = false;
  bool encodes = false;
};

std::string canonical_path(std::string_view path, PathRule rule);

// Returns the parameters decoded, encoded again as AWS does, and sorted. kBadInput if a '%' is not followed by two
// hexadecimal digits.
Result<std::string> canonical_query(std::string_view query);

struct CanonicalHeaders {
  std::string lines;  // "name:value\n" for each, sorted by name
  std::string names;  // "host;x-amz-date"
};
// Values of the same name are joined in order. White space around a value is removed; within a value it is reduced to
// one space.
CanonicalHeaders canonical_headers(const std::vector<http::Header>& headers);

using Clock = std::function<UtcTime()>;

struct SigningOptions {
  std::string service = "s3";
  std::string region = "us-east-1";
  PathRule path = {};
  bool sends_payload_hash = true;   // in x-amz-content-sha256, which S3 requires
  bool signs_session_token = true;  // some services expect the token next to the signature, not in it
};
SigningOptions for_s3(std::string region);
// Returns the options for any service other than S3, such as sts.
SigningOptions for_service(std::string service, std::string region);

// What the signature covers of the body.
enum class Payload { kHashed, kUnsigned };

// AWS Signature Version 4 for one service in one region. Not thread-safe. Never blocks. kBadInput if the request's URL
// is not valid.
class SigV4 {
 public:
  explicit SigV4(SigningOptions options) : options_(std::move(options)) {}
  SigV4(const SigV4&) = delete;
  SigV4& operator=(const SigV4&) = delete;

  // Adds x-amz-date, x-amz-security-token, x-amz-content-sha256 and Authorization, replacing those of an earlier
  // attempt. Signs all other headers too, except those that proxies and libraries change on the way.
  Result<void> sign(http::Request& request, const AwsCredentials& credentials, UtcTime now,
                    Payload payload = Payload::kHashed);

  // Returns the URL with the signature in its query, which anyone who has it can use for `lifetime` (at most 7 days).
  // The request's headers are signed and must be sent with it.
  Result<std::string> presign(const http::Request& request, const AwsCredentials& credentials, UtcTime now,
                              std::chrono::seconds lifetime, Payload payload = Payload::kUnsigned);

 private:
  // The last key of the four derivation steps from the secret; valid for one day.
  struct Key {
    std::string access_key_id;
    std::string date;
    Secret bytes;
  };
  struct Pieces;

  const Key& key_for(const AwsCredentials& credentials, std::string_view date);
  std::string scope(std::string_view date) const;
  std::string signature(const Pieces& pieces, const AwsCredentials& credentials);

  const SigningOptions options_;
  Key key_;
};

// Signs each attempt with the credentials that `provider` has at that time; if it has none, the request stays unsigned.
// Borrows `provider`.
std::unique_ptr<http::Signer> make_signer(SigningOptions options, CredentialProvider& provider, Clock now);

// Returns "20150830T123600Z", as in signatures.
std::string basic_time(UtcTime time);

}  // namespace quern::s3
