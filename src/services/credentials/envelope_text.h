#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "services/credentials/cipher.h"

// The bytes of an envelope, taken apart and put together; nothing is opened here. docs/formats/envelope.md.

namespace quern::credentials {

// What quern writes.
struct Envelope2 {
  std::string key_id;
  std::string wrapped_key;
  SealedBytes sealed;
};
// The form of 2014, which other programs wrote.
struct Envelope2014 {
  std::string wrapped_passphrase;
  SaltedBytes salted;
};
using Envelope = std::variant<Envelope2, Envelope2014>;

// kBadInput: it is too long, no base64, no JSON object, of an unknown version, or a part is missing or has another
// length than it must. The message says what and what to do, and has no byte of `value`.
Result<Envelope> parse_envelope(std::string_view value);
// The value of CREDENTIALS.
std::string format_envelope(const Envelope2& envelope);

}  // namespace quern::credentials
