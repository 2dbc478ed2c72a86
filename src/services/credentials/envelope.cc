#include "services/credentials/envelope.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/utc_time.h"
#include "model/limits.h"
#include "services/credentials/aws_environment.h"
#include "services/credentials/cipher.h"
#include "services/credentials/key.h"
#include "services/credentials/secret_text.h"

namespace quern::credentials {
namespace {

constexpr std::size_t kPassphraseBytes = 128;

std::string associated(std::string_view key_id) { return fmt::format("quern-credentials:2:{}", key_id); }

Secret format_credentials(const AwsCredentials& credentials) {
  const std::string expiration = credentials.expires.has_value() ? format_utc(*credentials.expires) : "";
  struct Member {
    std::string_view name;
    std::string_view value;
  };
  std::array members = {Member{"accessKeyId", credentials.access_key_id},
                        Member{"secretAccessKey", credentials.secret_access_key.reveal()},
                        Member{"sessionToken", credentials.session_token.reveal()},
                        Member{"region", credentials.region}, Member{"expiration", expiration}};
  std::size_t capacity = 2;
  for (const Member& member : members) capacity += 6 * (member.name.size() + member.value.size()) + 8;
  std::string json;
  json.reserve(capacity);
  json += '{';
  for (const Member& member : members) {
    if (member.name == "expiration" && member.value.empty()) continue;
    if (json.size() > 1) json += ',';
    append_json_text(json, member.name);
    json += ':';
    append_json_text(json, member.value);
  }
  json += '}';
  return Secret(std::move(json));
}

// Returns the same message for a wrong key and for every defect of the sealed bytes.
Error cannot_open(std::string_view source, const PrivateKey& key) {
  return Error{
      .kind = ErrorKind::kDenied,
      .message = fmt::format("{}: the key {} does not open it: it is sealed to another key, or was changed or "
                             "cut; name the right key with --key or QUERN_KEY_FILE, or seal the credentials anew",
                             source, key.id())};
}

// Returns the wrapped secret, or as many random bytes if it cannot be unwrapped, so that the following step fails at
// the same place and after the same time as with a wrong secret.
Result<Secret> unwrap_or_random(const PrivateKey& key, std::string_view wrapped, OaepHash hash, std::size_t bytes) {
  auto unwrapped = key.unwrap(wrapped, hash);
  TRY_ASSIGN(Secret random, random_secret(bytes));
  bool is_right = unwrapped.has_value() && unwrapped->reveal().size() == bytes;
  return is_right ? std::move(*unwrapped) : std::move(random);
}

Result<Opened> open_version_2(const Envelope2& envelope, const PrivateKey& key, std::string_view source) {
  // The id of the right key is not secret, and is what a user needs to know first.
  if (envelope.key_id != key.id()) {
    return Error{.kind = ErrorKind::kDenied,
                 .message = fmt::format("{}: it is sealed to the key {}, and this is the key {}; name the right one "
                                        "with --key or QUERN_KEY_FILE, or seal the credentials to this one",
                                        source, envelope.key_id, key.id())};
  }
  TRY_ASSIGN(Secret cipher_key, unwrap_or_random(key, envelope.wrapped_key, OaepHash::kSha256, kCipherKeyBytes));
  auto json = open_gcm(cipher_key, associated(envelope.key_id), envelope.sealed);
  if (!json.has_value()) return cannot_open(source, key);
  TRY_ASSIGN(AwsCredentials credentials, parse_credentials(json->reveal(), source));
  return Opened{.credentials = std::move(credentials), .version = 2, .key_id = key.id()};
}

Result<Opened> open_2014(const Envelope2014& envelope, const PrivateKey& key, std::string_view source) {
  TRY_ASSIGN(Secret bytes, unwrap_or_random(key, envelope.wrapped_passphrase, OaepHash::kSha1, kPassphraseBytes));
  Secret passphrase(base64_encode(bytes.reveal()));
  auto json = open_cbc(passphrase.reveal(), envelope.salted);
  if (!json.has_value()) return cannot_open(source, key);
  // The only check on the decrypted bytes is that they are JSON, so this error reveals no more than the padding does.
  auto credentials = parse_credentials(json->reveal(), source);
  if (!credentials.ok()) return cannot_open(source, key);
  return Opened{.credentials = std::move(credentials).value(), .version = kVersion2014, .key_id = key.id()};
}

// Returns the member with this name, at the top level or where `aws sts` puts it; null if there is none.
Secret* member_of(std::vector<SecretMember>& members, std::string name) {
  Secret* found = find_member(members, name);
  name[0] = static_cast<char>(name[0] - 'a' + 'A');
  if (found == nullptr) found = find_member(members, name);
  if (found == nullptr) found = find_member(members, "Credentials." + name);
  return found;
}

Secret secret_of(std::vector<SecretMember>& members, const char* name) {
  Secret* found = member_of(members, name);
  return found == nullptr ? Secret() : std::move(*found);
}

}  // namespace

Result<AwsCredentials> parse_credentials(std::string_view json, std::string_view source) {
  auto read = read_secret_object(json);
  if (!read.ok()) {
    return bad_input(
        fmt::format("{}: it holds no JSON object with credentials, as in {{\"accessKeyId\": ..., "
                    "\"secretAccessKey\": ..., \"sessionToken\": ..., \"region\": ...}}",
                    source));
  }
  std::vector<SecretMember>& members = read.value();
  AwsCredentials credentials{.access_key_id = std::string(secret_of(members, "accessKeyId").reveal()),
                             .secret_access_key = secret_of(members, "secretAccessKey"),
                             .session_token = secret_of(members, "sessionToken"),
                             .region = std::string(secret_of(members, "region").reveal()),
                             .expires = std::nullopt,
                             .source = std::string(source)};
  // The metadata of instances and containers uses this name.
  if (credentials.session_token.is_empty()) credentials.session_token = secret_of(members, "token");
  Secret expiration = secret_of(members, "expiration");
  if (!expiration.is_empty()) {
    credentials.expires = parse_utc(expiration.reveal());
    if (!credentials.expires.has_value()) {
      return bad_input(fmt::format("{}: the expiration in it is not a time such as 2026-01-31T12:00:00Z", source));
    }
  }
  TRY(check_credentials(credentials));
  return credentials;
}

Result<std::string> seal(const AwsCredentials& credentials, const PublicKey& key) {
  TRY(check_credentials(credentials));
  Secret json = format_credentials(credentials);
  if (json.reveal().size() > limits::kMaxCredentialsBytes) {
    return bad_input(fmt::format("the credentials of {} have {} bytes, and an envelope holds at most {}",
                                 credentials.source, json.reveal().size(), limits::kMaxCredentialsBytes));
  }
  TRY_ASSIGN(Secret cipher_key, random_secret(kCipherKeyBytes));
  Envelope2 envelope{.key_id = key.id(), .wrapped_key = {}, .sealed = {}};
  TRY_ASSIGN(envelope.sealed, seal_gcm(cipher_key, associated(key.id()), json.reveal()));
  TRY_ASSIGN(envelope.wrapped_key, key.wrap(cipher_key, OaepHash::kSha256));
  return format_envelope(envelope);
}

Result<Opened> open(std::string_view value, const PrivateKey& key, std::string_view source) {
  auto envelope = parse_envelope(value).context(source);
  if (!envelope.ok()) return std::move(envelope).error();
  if (const auto* form = std::get_if<Envelope2014>(&envelope.value())) return open_2014(*form, key, source);
  return open_version_2(std::get<Envelope2>(envelope.value()), key, source);
}

namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 2;

// Returns the text of a member, or the reason why it is missing. Damaged JSON has been refused before, so an error here
// is the fault of the program that wrote it.
Result<std::string> text_of(const Json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end()) return bad_input(fmt::format("its JSON has no \"{}\"", name));
  if (!found->is_string()) return bad_input(fmt::format("the \"{}\" in its JSON is not a string", name));
  return found->get<std::string>();
}

using Decode = std::optional<std::string> (*)(std::string_view);

struct Part {
  const char* name;
  Decode decode;
  std::size_t bytes;  // its required length; 0: any length except 0
};

Result<std::string> part_of(const Json& object, const Part& part) {
  TRY_ASSIGN(std::string text, text_of(object, part.name));
  auto bytes = part.decode(text);
  if (!bytes.has_value()) {
    return bad_input(fmt::format("the \"{}\" in its JSON is not {}", part.name,
                                 part.decode == base64_decode ? "base64" : "a hexadecimal number"));
  }
  if (bytes->empty() || (part.bytes != 0 && bytes->size() != part.bytes)) {
    return bad_input(fmt::format("the \"{}\" in its JSON has {} bytes", part.name, bytes->size()));
  }
  return std::move(*bytes);
}

Result<Envelope> parse_version_2(const Json& object) {
  Envelope2 envelope;
  TRY_ASSIGN(envelope.key_id, text_of(object, "keyId"));
  if (!is_lower_hex(envelope.key_id, kKeyIdDigits)) {
    return bad_input(fmt::format("the \"keyId\" in its JSON is not {} hexadecimal digits", kKeyIdDigits));
  }
  TRY_ASSIGN(envelope.wrapped_key, part_of(object, {"symmetricKey", base64_decode, 0}));
  TRY_ASSIGN(envelope.sealed.nonce, part_of(object, {"nonce", base64_decode, kNonceBytes}));
  TRY_ASSIGN(envelope.sealed.bytes, part_of(object, {"credentials", base64_decode, 0}));
  TRY_ASSIGN(envelope.sealed.tag, part_of(object, {"tag", base64_decode, kTagBytes}));
  return Envelope(std::move(envelope));
}

Result<Envelope> parse_2014(const Json& object) {
  Envelope2014 envelope;
  TRY_ASSIGN(envelope.wrapped_passphrase, part_of(object, {"symmetricKey", base64_decode, 0}));
  TRY_ASSIGN(std::string inner_text, text_of(object, "credentials"));
  Json inner = Json::parse(inner_text, nullptr, /*allow_exceptions=*/false);
  if (!inner.is_object()) return bad_input("the \"credentials\" in its JSON is not a JSON object itself");
  TRY_ASSIGN(envelope.salted.bytes, part_of(inner, {"ct", base64_decode, 0}));
  TRY_ASSIGN(envelope.salted.iv, part_of(inner, {"iv", hex_decode, kIvBytes}));
  TRY_ASSIGN(envelope.salted.salt, part_of(inner, {"s", hex_decode, kSaltBytes}));
  return Envelope(std::move(envelope));
}

Result<Envelope> parse_object(const Json& object) {
  auto version = object.find("version");
  if (version == object.end()) return parse_2014(object);
  if (*version == kVersion) return parse_version_2(object);
  std::string shown = version->is_number_unsigned() ? fmt::format(" {}", version->get<std::uint64_t>()) : "";
  return bad_input(
      fmt::format("it is an envelope of a version{} that this quern does not know; a newer quern may", shown));
}

bool is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

Result<Json> decode(std::string_view value) {
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  if (value.empty()) return bad_input("it is empty");
  if (value.size() > limits::kMaxEnvelopeBytes) {
    return bad_input(fmt::format("it is longer than {} bytes, and no envelope is", limits::kMaxEnvelopeBytes));
  }
  if (value.front() == '{') {
    return bad_input(
        "it is not sealed: it begins with { and not with base64; seal it with: quern credentials seal -, and replace "
        "credentials that were shown to others");
  }
  auto text = base64_decode(value);
  if (!text.has_value()) {
    return bad_input("it is not base64; was it copied whole, from its first to its last character?");
  }
  Json object = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return bad_input(
        "it is base64 of something that is not a JSON object; was it copied whole, and made by quern credentials "
        "seal?");
  }
  return object;
}

}  // namespace

Result<Envelope> parse_envelope(std::string_view value) {
  TRY_ASSIGN(Json object, decode(value));
  return parse_object(object);
}

std::string format_envelope(const Envelope2& envelope) {
  // Only base64 and hexadecimal digits, so dump() cannot throw.
  Json object = {{"version", kVersion},
                 {"keyId", envelope.key_id},
                 {"symmetricKey", base64_encode(envelope.wrapped_key)},
                 {"nonce", base64_encode(envelope.sealed.nonce)},
                 {"credentials", base64_encode(envelope.sealed.bytes)},
                 {"tag", base64_encode(envelope.sealed.tag)}};
  return base64_encode(object.dump());
}

}  // namespace quern::credentials
