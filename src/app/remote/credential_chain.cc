#include "app/remote/credential_chain.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "base/fd.h"
#include "base/secret.h"
#include "base/text.h"
#include "model/limits.h"
#include "services/credentials/envelope.h"
#include "services/credentials/profile.h"
#include "services/http/http.h"
#include "services/process/ask.h"
#include "services/process/interpreter.h"
#include "services/s3/address.h"
#include "services/s3/metadata.h"
#include "services/s3/sts.h"

extern char** environ;

namespace quern::app {
namespace {

Result<std::optional<AwsCredentials>> from_envelope(const CredentialRequest& request) {
  const char* value = request.environment("CREDENTIALS");
  if (value == nullptr || *value == '\0') return std::optional<AwsCredentials>();
  auto loaded = credentials::load_private_key(request.key_file, request.environment, request.system_key);
  if (!loaded.ok()) return std::move(loaded).error().with_context("CREDENTIALS is set, and cannot be opened");
  TRY_ASSIGN(auto opened, credentials::open(value, loaded.value().key, "CREDENTIALS"));
  return std::optional(std::move(opened.credentials));
}

// Credentials from the two sources that need no request: CREDENTIALS and the variables.
Result<std::optional<AwsCredentials>> from_variables(const CredentialRequest& request) {
  if (!request.is_local) {
    TRY_ASSIGN(auto opened, from_envelope(request));
    if (opened.has_value()) return opened;
  }
  if (!request.profile.empty()) return std::optional<AwsCredentials>();
  return credentials::from_environment(request.environment);
}

using Provider = std::unique_ptr<s3::CredentialProvider>;
using credentials::ProfileCredentials;
using Origin = ProfileCredentials::Origin;

Result<Provider> metadata_provider(const CredentialRequest& request, EnvironmentLookup environment) {
  return s3::make_metadata_provider(
      {.environment = std::move(environment), .now = request.now, .parse = credentials::parse_credentials});
}

// Returns the credentials of a profile's credential_source. For an instance, the variables of containers are hidden;
// for a container, one that names its endpoint must be set.
Result<Provider> credential_source(const CredentialRequest& request, const ProfileCredentials& found) {
  const auto& environment = request.environment;
  if (found.origin == Origin::kEnvironment) {
    TRY_ASSIGN(auto keys, credentials::from_environment(environment));
    if (keys.has_value()) return s3::make_fixed_provider(std::move(*keys), request.now);
    return not_found(found.source + ": AWS_ACCESS_KEY_ID is not set");
  }
  auto of_instance = [environment](const char* name) {
    return std::string_view(name).starts_with("AWS_CONTAINER_") ? nullptr : environment(name);
  };
  if (found.origin == Origin::kInstance) return metadata_provider(request, of_instance);
  if (variable_value(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty() &&
      variable_value(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI").empty()) {
    return not_found(found.source +
                     ": neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
                     "AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
  }
  return metadata_provider(request, environment);
}

// The service that lets roles be assumed.
struct TokenService {
  std::shared_ptr<http::Client> client;  // shared by the providers that send requests to it
  std::string endpoint;
  std::string region;
};

s3::RoleRequest role_request(const credentials::AssumedRole& role, const TokenService& service) {
  return {.arn = role.arn,
          .session_name = role.session_name,
          .external_id = role.external_id,
          .duration_seconds = role.duration_seconds,
          .region = service.region,
          .endpoint = service.endpoint};
}

Result<std::optional<AwsCredentials>> named(Result<AwsCredentials> asked, const std::string& source) {
  if (!asked.ok()) return std::move(asked).error().with_context(source);
  asked.value().source = source;
  return std::optional(std::move(asked).value());
}

Provider web_identity_provider(const CredentialRequest& request, const ProfileCredentials& found,
                               const TokenService& service) {
  const credentials::AssumedRole& role = found.roles.front();
  auto fetch = [=, now = request.now, file = found.token_file, origin = found.source, source = role.source,
                asked = role_request(role, service),
                client = service.client](const std::stop_token& stop) -> Result<std::optional<AwsCredentials>> {
    // Read each time, because the file is renewed by others.
    auto text = read_file(file, limits::kMaxCredentialsBytes);
    if (!text.ok()) return std::move(text).error().with_context(origin);
    const Secret token(std::move(text).value());
    const std::string_view word = trimmed(token.reveal(), " \t\r\n");
    if (word.empty()) return bad_input(origin + ": the file " + file + " is empty");
    return named(s3::assume_role_with_web_identity(*client, word, asked, now, stop), source);
  };
  return s3::make_refreshed_provider(std::move(fetch), request.now);
}

Provider role_provider(const CredentialRequest& request, const credentials::AssumedRole& role,
                       const TokenService& service, Provider before) {
  // Shared only because a std::function must be copyable.
  auto fetch = [now = request.now, source = role.source, asked = role_request(role, service), client = service.client,
                before = std::shared_ptr(std::move(before))](const std::stop_token& stop) {
    return named(s3::assume_role(*client, *before, asked, now, stop), source);
  };
  return s3::make_refreshed_provider(std::move(fetch), request.now);
}

Provider process_provider(const CredentialRequest& request, const ProfileCredentials& found) {
  auto fetch = [command = found.command,
                source = found.source](const std::stop_token&) -> Result<std::optional<AwsCredentials>> {
    auto printed = run_credential_process(command, source);
    if (!printed.ok()) return std::move(printed).error();
    return std::optional(std::move(printed).value());
  };
  return s3::make_refreshed_provider(std::move(fetch), request.now);
}

Result<Provider> origin_provider(const CredentialRequest& request, ProfileCredentials& found,
                                 const TokenService& service) {
  switch (found.origin) {
    case Origin::kKeys:
      TRY(s3::check_not_expired(*found.keys, request.now()));
      return s3::make_fixed_provider(std::move(*found.keys), request.now);
    case Origin::kProcess:
      return process_provider(request, found);
    case Origin::kWebIdentity:
      return web_identity_provider(request, found, service);
    default:
      return credential_source(request, found);
  }
}

Result<Provider> profile_provider(const CredentialRequest& request, ProfileCredentials& found) {
  TokenService service{.client = nullptr, .endpoint = {}, .region = found.region};
  if (service.region.empty()) service.region = s3::kDefaultRegion;
  if (!found.roles.empty()) {
    TRY_ASSIGN(service.endpoint, credentials::endpoint_of("sts", request.environment, request.profile));
    TRY_ASSIGN(service.client, http::make_client({}));
  }
  TRY_ASSIGN(Provider provider, origin_provider(request, found, service));
  const std::size_t first = found.origin == Origin::kWebIdentity ? 1 : 0;
  for (std::size_t i = first; i < found.roles.size(); ++i) {
    if (provider == nullptr) return not_found(found.source + " has no credentials");
    provider = role_provider(request, found.roles[i], service, std::move(provider));
  }
  return provider;
}

// If no variable has credentials: uses the profile, or else the metadata of the container or instance. Null if there
// are none.
Result<Provider> look_further(const CredentialRequest& request, FoundCredentials& result) {
  TRY_ASSIGN(ProfileCredentials found, credentials::from_profile(request.environment, request.profile));
  if (found.origin != Origin::kNone) {
    result.source = found.roles.empty() ? found.source : found.roles.back().source;
    result.is_asked_for = found.origin != Origin::kKeys || !found.roles.empty();
    return profile_provider(request, found);
  }
  if (request.is_local) return Provider();
  result.is_asked_for = true;
  return metadata_provider(request, request.environment);
}

}  // namespace

Result<FoundCredentials> find_credentials(const CredentialRequest& request) {
  FoundCredentials result;
  auto no_core_dumps = std::make_unique<credentials::NoCoreDumps>();
  if (!request.is_anonymous) {
    TRY_ASSIGN(auto found, from_variables(request));
    if (found.has_value()) {
      TRY(s3::check_not_expired(*found, request.now()));
      result.region = found->region;
      result.source = found->source;
      result.provider = s3::make_fixed_provider(std::move(*found), request.now);
    } else {
      TRY_ASSIGN(result.provider, look_further(request, result));
    }
  }
  if (result.region.empty()) {
    TRY_ASSIGN(result.region, credentials::region_of_profile(request.environment, request.profile));
  }
  if (result.provider != nullptr) result.no_core_dumps = std::move(no_core_dumps);
  if (result.provider == nullptr) result.provider = s3::make_anonymous_provider();
  return result;
}

std::unique_ptr<s3::CredentialProvider> make_taskcluster_provider(taskcluster::Api& api, taskcluster::S3Request request,
                                                                  std::function<UtcTime()> now) {
  auto fetch = [&api,
                request = std::move(request)](const std::stop_token& stop) -> Result<std::optional<AwsCredentials>> {
    auto credentials = taskcluster::s3_credentials(api, request, stop);
    if (!credentials.ok()) return std::move(credentials).error();
    return std::optional(std::move(credentials).value());
  };
  return s3::make_refreshed_provider(std::move(fetch), std::move(now));
}

namespace {

// The process may have to ask the user for a second factor.
constexpr std::chrono::minutes kPatience{5};

Error failed(const std::string& source, const std::string& why) {
  return Error{.kind = ErrorKind::kDenied, .message = source + ": " + why};
}

}  // namespace

Result<std::vector<std::string>> words_of(std::string_view command) {
  std::vector<std::string> words;
  bool is_in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == '\0' && (c == ' ' || c == '\t')) {
      is_in_word = false;
      continue;
    }
    if (!is_in_word) words.emplace_back();
    is_in_word = true;
    const char next = i + 1 < command.size() ? command[i + 1] : '\0';
    // Within double quotes a backslash is literal, unless it precedes another one or a quote.
    const bool escapes = c == '\\' && quote != '\'' && next != '\0' && (quote == '\0' || next == '"' || next == '\\');
    if (escapes) {
      words.back() += command[++i];
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != '\0' && c == quote) {
      quote = '\0';
    } else {
      words.back() += c;
    }
  }
  if (quote != '\0') return bad_input("a quote in the command does not end");
  return words;
}

Result<AwsCredentials> run_credential_process(const std::string& command, const std::string& source) {
  TRY_ASSIGN(auto words, words_of(command).context(source));
  if (words.empty()) return failed(source, "it is empty");
  if (words.front().find('/') == std::string::npos) {
    auto program = process::find_on_path(words.front());
    if (!program.has_value()) return failed(source, "its program is not on PATH");
    words.front() = std::move(*program);
  }
  std::vector<std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) environment.emplace_back(*entry);
  auto answer = process::ask({.command = std::move(words),
                              .environment = std::move(environment),
                              .takes_errors = false,
                              .patience = kPatience});
  if (!answer.ok()) return failed(source, answer.error().message);
  const Secret text(std::move(answer.value().text));
  const process::Exit& exit = answer.value().exit;
  if (exit.status != 0 || exit.signal != 0) return failed(source, "it failed: " + exit.in_words());
  return credentials::parse_credentials(text.reveal(), source);
}

}  // namespace quern::app
