#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/secret.h"
#include "model/credentials.h"
#include "services/credentials/cipher.h"
#include "services/credentials/key.h"

// Seals credentials so that only the holder of a private key can read them: the value of CREDENTIALS.
// docs/formats/envelope.md specifies every byte. Nothing here blocks or touches a file, and no error reveals sealed
// data.

namespace quern::credentials {

// Returns an envelope of version 2. Errors are those of check_credentials, and kBadInput if the credentials are longer
// than limits::kMaxCredentialsBytes.
Result<std::string> seal(const AwsCredentials& credentials, const PublicKey& key);

inline constexpr int kVersion2014 = 1;

struct Opened {
  AwsCredentials credentials;
  int version = 0;     // 2, or kVersion2014
  std::string key_id;  // of the key that opened it
};

// Opens version 2 and the 2014 format; `source` names the value in messages and in the credentials. kBadInput if the
// value is not an envelope (parse_envelope). kDenied if it is not sealed for this key or was changed: one message
// covers all these cases, because telling them apart would help to forge an envelope. Expired credentials are not an
// error here.
Result<Opened> open(std::string_view value, const PrivateKey& key, std::string_view source);

// Parses the JSON object in an envelope: {"accessKeyId", "secretAccessKey", "sessionToken", "region", "expiration"}.
// Also accepts the output of `aws sts` and of credential processes, whose names begin with a capital letter and may be
// below "Credentials", and the metadata of instances and containers, which call the token "Token". kBadInput if `json`
// is none of these.
Result<AwsCredentials> parse_credentials(std::string_view json, std::string_view source);

// Parses and formats the bytes of an envelope; does not decrypt. See docs/formats/envelope.md.

// The format that quern writes.
struct Envelope2 {
  std::string key_id;
  std::string wrapped_key;
  SealedBytes sealed;
};
// The 2014 format, which other programs wrote.
struct Envelope2014 {
  std::string wrapped_passphrase;
  SaltedBytes salted;
};
using Envelope = std::variant<Envelope2, Envelope2014>;

// kBadInput if the value is too long, is not base64 of a JSON object, or has an unknown version, or if a part is
// missing or has the wrong length. The message explains the problem and the fix, and contains no byte of `value`.
Result<Envelope> parse_envelope(std::string_view value);
// Returns the value of CREDENTIALS.
std::string format_envelope(const Envelope2& envelope);

}  // namespace quern::credentials
