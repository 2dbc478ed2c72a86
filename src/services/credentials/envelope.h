#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "model/credentials.h"
#include "services/credentials/key.h"

// Credentials that only the holder of a private key can read: what CREDENTIALS holds. docs/formats/envelope.md has
// every byte. Nothing here blocks or touches a file, and no error tells anything that was sealed.

namespace quern::credentials {

// An envelope of version 2. Errors as check_credentials; kBadInput also where they are longer than
// limits::kMaxCredentialsBytes.
Result<std::string> seal(const AwsCredentials& credentials, const PublicKey& key);

inline constexpr int kVersion2014 = 1;

struct Opened {
  AwsCredentials credentials;
  int version = 0;     // 2, or kVersion2014
  std::string key_id;  // of the key that opened it
};

// Opens version 2 and the form of 2014; `source` names the value in messages and in the credentials. kBadInput: the
// value is no envelope (parse_envelope). kDenied: it is not sealed to this key, or was changed; one message for all
// such reasons, as whoever could tell them apart could work on a forged one. Expired credentials are no error here.
Result<Opened> open(std::string_view value, const PrivateKey& key, std::string_view source);

// The JSON object in an envelope: {"accessKeyId", "secretAccessKey", "sessionToken", "region", "expiration"}; also what
// `aws sts` and credential processes print, with a capital first letter and below "Credentials" if they are, and the
// metadata of instances and containers, where the token is a "Token". kBadInput.
Result<AwsCredentials> parse_credentials(std::string_view json, std::string_view source);

}  // namespace quern::credentials
