#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/console.h"
#include "app/commands.h"
#include "app/remote/credential_chain.h"
#include "app/remote/grants.h"
#include "base/duration.h"
#include "base/fd.h"
#include "base/utc_time.h"
#include "model/limits.h"
#include "services/credentials/core_dumps.h"
#include "services/credentials/envelope.h"
#include "services/credentials/key.h"
#include "services/credentials/profile.h"
#include "services/credentials/secret_text.h"
#include "services/s3/address.h"
#include "views/terminal/terminal_text.h"
#include "views/terminal/view.h"

namespace quern::app {
namespace {

constexpr const char* kStandardInput = "standard input";

const char* environment(const char* name) { return std::getenv(name); }

UtcTime now() { return std::chrono::system_clock::now(); }

void say(std::string_view text) { print_to_stderr(fmt::format("quern: {}\n", text)); }

Result<void> refuse_expired(const AwsCredentials& found) {
  if (!found.expires.has_value() || *found.expires > now()) return {};
  auto since = std::chrono::duration_cast<std::chrono::seconds>(now() - *found.expires);
  return Error{.kind = ErrorKind::kDenied,
               .message = fmt::format("the credentials of {} expired at {}, {} ago; get new ones and seal them",
                                      found.source, format_utc(*found.expires), rough_duration(since))};
}

Result<Secret> read_standard_input(std::size_t most_bytes) {
  return credentials::read_secret(Fd(::dup(STDIN_FILENO)), most_bytes, kStandardInput);
}

// One line of an answer: its name in words, its name as a JSON member, and its value.
struct Field {
  std::string_view words;
  std::string_view member;
  std::string_view value;
  bool is_json = false;  // the value is a JSON number or literal instead of a string
};

// Returns the answer as lines or as a JSON object. As it may contain secrets, the buffer has its full size from the
// start.
Secret answer(const std::vector<Field>& fields, bool as_json) {
  constexpr std::size_t kMostMarks = 64;
  std::string text;
  std::size_t capacity = kMostMarks;
  for (const Field& field : fields) capacity += 6 * (field.value.size() + field.member.size()) + kMostMarks;
  text.reserve(capacity);
  if (as_json) text += '{';
  for (const Field& field : fields) {
    if (!as_json && field.words.empty()) continue;
    if (!as_json) {
      text += fmt::format("{:<18} ", field.words);
      text.append(field.value).append("\n");
      continue;
    }
    if (text.size() > 1) text += ", ";
    credentials::append_json_text(text, field.member);
    text += ": ";
    if (field.is_json) {
      text.append(field.value);
    } else {
      credentials::append_json_text(text, field.value);
    }
  }
  if (as_json) text += "}\n";
  return Secret(std::move(text));
}

Result<int> keygen(const CommandLine& line) {
  TRY_ASSIGN(auto key, credentials::PrivateKey::generate());
  TRY_ASSIGN(auto files, credentials::write_key(key, line.credentials.value.value_or("key.pem")));
  Secret text = answer({{"key id", "keyId", key.id()},
                        {"private key", "privateKey", files.private_path},
                        {"public key", "publicKey", files.public_path}},
                       line.json);
  TRY(print(text.reveal()));
  return 0;
}

// The time that --expires specifies: as a time, or as a duration from now on.
Result<std::optional<UtcTime>> end_of(const CommandLine& line) {
  if (!line.credentials.expires.has_value()) return std::optional<UtcTime>();
  const std::string& text = *line.credentials.expires;
  if (auto time = parse_utc(text); time.has_value()) return time;
  auto duration = parse_duration(text);
  if (duration.ok()) return std::optional<UtcTime>(now() + duration.value());
  return bad_config(
      fmt::format("credentials seal: --expires {} is neither a time such as 2026-01-31T12:00:00Z nor "
                  "a duration such as 1h",
                  text));
}

Result<AwsCredentials> credentials_to_seal(const CommandLine& line) {
  if (line.credentials.value.has_value()) {
    TRY_ASSIGN(Secret json, read_standard_input(limits::kMaxCredentialsBytes));
    return credentials::parse_credentials(json.reveal(), kStandardInput);
  }
  const std::string profile = line.credentials.profile.value_or("");
  TRY_ASSIGN(FoundCredentials found,
             find_credentials({.environment = environment, .now = now, .profile = profile, .is_local = true}));
  TRY_ASSIGN(const AwsCredentials* current, found.provider->current(std::stop_token()));
  if (current != nullptr) {
    return AwsCredentials{.access_key_id = current->access_key_id,
                          .secret_access_key = current->secret_access_key.copy(),
                          .session_token = current->session_token.copy(),
                          .region = current->region.empty() ? found.region : current->region,
                          .expires = current->expires,
                          .source = current->source};
  }
  std::string looked_at = line.credentials.profile.has_value()
                              ? fmt::format("the profile {} has no keys", profile)
                              : "AWS_ACCESS_KEY_ID is not set, and the default profile has no keys";
  return not_found(
      fmt::format("there are no credentials to {}: {}; set them, name another --profile, or give "
                  "them as JSON on standard input: quern credentials seal -",
                  line.command == CommandLine::Command::kSeal ? "seal" : "ask with", looked_at));
}

Result<AwsCredentials> complete_credentials(const CommandLine& line) {
  TRY_ASSIGN(auto end, end_of(line));
  TRY_ASSIGN(AwsCredentials found, credentials_to_seal(line));
  if (found.region.empty()) {
    TRY_ASSIGN(found.region, credentials::region_of_profile(environment, line.credentials.profile.value_or("")));
  }
  if (end.has_value() && found.expires.has_value() && *end > *found.expires) {
    return bad_input(fmt::format("the credentials of {} end at {}, which is before --expires", found.source,
                                 format_utc(*found.expires)));
  }
  if (end.has_value()) found.expires = end;
  TRY(refuse_expired(found));
  return found;
}

Result<credentials::PublicKey> key_to_seal_to(const CommandLine& line) {
  if (line.credentials.to.has_value()) return credentials::load_public_key(*line.credentials.to).context("--to");
  const char* named = environment("QUERN_KEY_FILE");
  if ((named == nullptr || *named == '\0') && ::access(credentials::kSystemKeyFile, F_OK) != 0) {
    return not_found(
        fmt::format("there is no key to seal to: --to was not given, QUERN_KEY_FILE is not set, and "
                    "{} does not exist; name a public key with --to FILE, or make one with: quern "
                    "credentials keygen",
                    credentials::kSystemKeyFile));
  }
  auto loaded = credentials::load_private_key("", environment);
  if (!loaded.ok()) return std::move(loaded).error().with_context("which key to seal to");
  return std::move(loaded.value().key).public_key();
}

// Prints the sealed credentials and, with --json, those of their members that are not secret.
Result<void> print_sealed(const AwsCredentials& found, const credentials::PublicKey& key, bool as_json) {
  TRY_ASSIGN(std::string value, credentials::seal(found, key));
  const std::string expiration = found.expires.has_value() ? format_utc(*found.expires) : "";
  if (as_json) {
    Secret text = answer({{"", "credentials", value},
                          {"", "keyId", key.id()},
                          {"", "source", found.source},
                          {"", "accessKeyId", found.access_key_id},
                          {"", "region", found.region},
                          {"", "expiration", expiration}},
                         true);
    return print(text.reveal());
  }
  TRY(print(value + "\n"));
  say(fmt::format("sealed {} of {} to the key {}{}", view::clean(found.access_key_id), view::clean(found.source),
                  key.id(), expiration.empty() ? "" : "; it ends at " + expiration));
  return {};
}

Result<int> seal(const CommandLine& line) {
  TRY_ASSIGN(auto key, key_to_seal_to(line));
  TRY_ASSIGN(AwsCredentials found, complete_credentials(line));
  TRY(print_sealed(found, key, line.json));
  if (found.session_token.is_empty() && !line.json) {
    say("this is a long-term key, good until somebody deletes it; temporary ones are safer: aws sts get-session-token "
        "| quern credentials seal -");
  }
  return 0;
}

Result<int> federate(const CommandLine& line) {
  TRY_ASSIGN(auto key, key_to_seal_to(line));
  TRY_ASSIGN(AwsCredentials own, complete_credentials(line));
  TRY_ASSIGN(Federated given, federate_for_job(line, std::move(own), environment));
  TRY(print_sealed(given.credentials, key, line.json));
  if (line.json) return 0;
  for (const s3::Grant& grant : given.grants) {
    say(fmt::format("it can read {}*", view::clean(s3::format_s3_url(grant.bucket, grant.prefix))));
  }
  return 0;
}

struct SealedValue {
  std::string value;
  std::string source;
};

Result<SealedValue> value_to_open(const CommandLine& line) {
  if (line.credentials.value == "-") {
    TRY_ASSIGN(Secret text, read_standard_input(limits::kMaxEnvelopeBytes));
    return SealedValue{.value = std::string(text.reveal()), .source = kStandardInput};
  }
  if (line.credentials.value.has_value()) return SealedValue{.value = *line.credentials.value, .source = "VALUE"};
  const char* value = environment("CREDENTIALS");
  if (value != nullptr) return SealedValue{.value = value, .source = "CREDENTIALS"};
  return not_found(
      "there is nothing to open: CREDENTIALS is not set; set it, or give the value as an argument, or "
      "on standard input: quern credentials open -");
}

// "2026-01-31T12:00:00Z, in 2 hours".
std::string end_in_words(const AwsCredentials& found) {
  if (!found.expires.has_value()) return "not known";
  auto rest = std::chrono::duration_cast<std::chrono::seconds>(*found.expires - now());
  std::string how_far = rest.count() > 0 ? "in " + rough_duration(rest) : rough_duration(rest) + " ago";
  return fmt::format("{}, {}", format_utc(*found.expires), how_far);
}

Secret opened_answer(const credentials::Opened& opened, const std::string& key_path, const CommandLine& line) {
  const AwsCredentials& found = opened.credentials;
  const bool is_expired = found.expires.has_value() && *found.expires <= now();
  const std::string version = std::to_string(opened.version);
  const std::string form = opened.version == credentials::kVersion2014 ? "version 1, of 2014" : "version " + version;
  const std::string access_key_id = line.json ? found.access_key_id : view::clean(found.access_key_id);
  const std::string region = line.json ? found.region : found.region.empty() ? "none" : view::clean(found.region);
  const std::string expires = !line.json                  ? end_in_words(found)
                              : found.expires.has_value() ? format_utc(*found.expires)
                                                          : "";
  std::vector<Field> fields = {{"key id", "keyId", opened.key_id},
                               {"key file", "keyFile", key_path},
                               {"envelope", "envelopeVersion", line.json ? version : form, line.json},
                               {"source", "source", found.source},
                               {"access key id", "accessKeyId", access_key_id},
                               {"region", "region", region},
                               {is_expired ? "expired" : "expires", "expiration", expires},
                               {"", "expired", is_expired ? "true" : "false", true}};
  if (line.credentials.reveal) {
    fields.push_back({"secret access key", "secretAccessKey", found.secret_access_key.reveal()});
    fields.push_back({"session token", "sessionToken", found.session_token.reveal()});
  }
  return answer(fields, line.json);
}

Result<int> open(const CommandLine& line) {
  TRY_ASSIGN(SealedValue sealed, value_to_open(line));
  TRY_ASSIGN(auto loaded, credentials::load_private_key(line.key.value_or(""), environment));
  TRY_ASSIGN(auto opened, credentials::open(sealed.value, loaded.key, sealed.source));
  Secret text = opened_answer(opened, loaded.path, line);
  TRY(print(text.reveal()));
  TRY(refuse_expired(opened.credentials));
  return 0;
}

}  // namespace

int credentials_command(const CommandLine& line) {
  const credentials::NoCoreDumps none;
  auto status = [&]() -> Result<int> {
    switch (line.command) {
      case CommandLine::Command::kKeygen:
        return keygen(line);
      case CommandLine::Command::kSeal:
        return seal(line);
      case CommandLine::Command::kFederate:
        return federate(line);
      default:
        return open(line);
    }
  }();
  return status.ok() ? status.value() : print_error(status.error());
}

}  // namespace quern::app
