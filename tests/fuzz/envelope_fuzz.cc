#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/encoding.h"
#include "base/result.h"
#include "services/credentials/envelope.h"
#include "services/credentials/secret_text.h"

// The first byte says what the rest is: the value of CREDENTIALS, the JSON within it, or the credentials themselves.

namespace {

using namespace quern::credentials;

void check_envelope(std::string_view value) {
  auto envelope = parse_envelope(value);
  if (!envelope.ok()) {
    CHECK(envelope.error().kind == quern::ErrorKind::kBadInput && !envelope.error().message.empty());
    return;
  }
  // What was understood means the same when it is written again.
  if (const auto* second = std::get_if<Envelope2>(&envelope.value())) {
    const std::string again = format_envelope(*second);
    CHECK(std::get<Envelope2>(parse_envelope(again).value()).sealed.bytes == second->sealed.bytes);
  }
}

// A number beyond what a double can hold is JSON. The library refuses it, and reads no further.
bool has_too_large_number(std::string_view json) {
  try {
    static_cast<void>(nlohmann::json::parse(json));
  } catch (const nlohmann::json::out_of_range&) {
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
  return false;
}

// Our own reader agrees with the library on what is JSON, but for what is nested too deep for it. The library takes a
// zero byte for the end, and skips a byte order mark.
void check_credentials_json(std::string_view json) {
  auto members = read_secret_object(json);
  if (members.ok()) CHECK(nlohmann::json::parse(json, nullptr, false).is_object() || has_too_large_number(json));
  auto library = nlohmann::json::parse(json, nullptr, false);
  if (!members.ok() && library.is_object() && !json.starts_with("\xef\xbb\xbf") &&
      json.find('\0') == std::string_view::npos) {
    int depth = 0;
    int deepest = 0;
    for (char byte : json) {
      if (byte == '{' || byte == '[') deepest = std::max(deepest, ++depth);
      if (byte == '}' || byte == ']') --depth;
    }
    CHECK(deepest > 8);
  }
  auto credentials = parse_credentials(json, "fuzz");
  if (credentials.ok()) CHECK(!credentials.value().access_key_id.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 1) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == '0') {
    check_envelope(rest);
  } else if (data[0] == '1') {
    check_envelope(quern::base64_encode(rest));
  } else {
    check_credentials_json(rest);
  }
  return 0;
}
