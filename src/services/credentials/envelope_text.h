#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "services/credentials/cipher.h"

// Parses and formats the bytes of an envelope; does not decrypt. See docs/formats/envelope.md.

namespace quern::credentials {

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
