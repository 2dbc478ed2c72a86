#include "services/credentials/envelope_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/encoding.h"
#include "model/limits.h"
#include "services/credentials/key.h"

namespace quern::credentials {
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
  if (envelope.key_id.size() != kKeyIdDigits ||
      envelope.key_id.find_first_not_of("0123456789abcdef") != std::string::npos) {
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
