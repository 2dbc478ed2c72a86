#include "services/credentials/aws_environment.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/utc_time.h"
#include "base/utf8.h"
#include "services/credentials/secret_text.h"

namespace quern::credentials {
namespace {

Secret secret_of(const EnvironmentLookup& environment, const char* name) {
  return Secret(std::string(variable_value(environment, name)));
}

bool has_control_characters(std::string_view text) {
  for (char byte : text) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) return true;
  }
  return false;
}

}  // namespace

std::string region_of(const EnvironmentLookup& environment) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string_view region = variable_value(environment, name); !region.empty()) return std::string(region);
  }
  return "";
}

Result<std::optional<AwsCredentials>> from_environment(const EnvironmentLookup& environment) {
  AwsCredentials found{.access_key_id = std::string(variable_value(environment, "AWS_ACCESS_KEY_ID")),
                       .secret_access_key = secret_of(environment, "AWS_SECRET_ACCESS_KEY"),
                       .session_token = secret_of(environment, "AWS_SESSION_TOKEN"),
                       .region = region_of(environment),
                       .expires = std::nullopt,
                       .source = "AWS_ACCESS_KEY_ID"};
  if (found.access_key_id.empty() && found.secret_access_key.is_empty()) return std::optional<AwsCredentials>();
  if (found.access_key_id.empty()) {
    return bad_input("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not; set both, or neither");
  }
  if (found.secret_access_key.is_empty()) {
    return bad_input("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both, or neither");
  }
  if (std::string_view expiration = variable_value(environment, "AWS_CREDENTIAL_EXPIRATION"); !expiration.empty()) {
    found.expires = parse_utc(expiration);
    if (!found.expires.has_value()) {
      return bad_input("AWS_CREDENTIAL_EXPIRATION is not a time such as 2026-01-31T12:00:00Z");
    }
  }
  TRY(check_credentials(found));
  return std::optional<AwsCredentials>(std::move(found));
}

Result<void> check_credentials(const AwsCredentials& credentials) {
  struct Field {
    const char* name;
    std::string_view value;
    bool is_needed;
  };
  const std::array fields = {Field{"access key id", credentials.access_key_id, true},
                             Field{"secret access key", credentials.secret_access_key.reveal(), true},
                             Field{"session token", credentials.session_token.reveal(), false},
                             Field{"region", credentials.region, false}};
  for (const Field& field : fields) {
    if (field.is_needed && field.value.empty()) {
      return bad_input(fmt::format("the credentials of {} have no {}", credentials.source, field.name));
    }
    if (has_control_characters(field.value) || !utf8::is_valid(field.value)) {
      return bad_input(
          fmt::format("the {} in the credentials of {} has bytes that belong into none (a line end at its end?)",
                      field.name, credentials.source));
    }
  }
  return {};
}

}  // namespace quern::credentials
