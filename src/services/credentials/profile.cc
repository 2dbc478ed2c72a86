#include "services/credentials/profile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/text.h"
#include "model/limits.h"
#include "services/credentials/profile_file.h"
#include "services/credentials/secret_text.h"

namespace quern::credentials {
namespace {

Error error(ErrorKind kind, std::string message) { return Error{.kind = kind, .message = std::move(message)}; }

// The contents of one of the two files.
struct File {
  std::string path;
  std::string shown;             // its name in messages: ~/.aws/config if it is that file
  std::unique_ptr<Secret> text;  // held at a fixed address, because the values of properties point into it
  std::vector<Property> properties;
  bool is_there = false;
};

struct FileName {
  const char* variable;
  const char* usual;  // relative to the home folder
  ProfileFileKind kind;
};
constexpr FileName kCredentialsFile = {"AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials",
                                       ProfileFileKind::kCredentials};
constexpr FileName kConfigFile = {"AWS_CONFIG_FILE", "/.aws/config", ProfileFileKind::kConfig};

Result<File> read(const FileName& name, const EnvironmentLookup& environment) {
  File file;
  const std::string home(variable_value(environment, "HOME"));
  const std::string named(variable_value(environment, name.variable));
  if (named.empty() && home.empty()) return file;
  file.path = named.empty() ? home + name.usual : named;
  if (file.path.starts_with("~/") && !home.empty()) file.path = home + file.path.substr(1);
  file.shown = named.empty() ? fmt::format("~{}", name.usual) : named;
  auto fd = open_file(file.path, O_RDONLY);
  if (!fd.ok() && fd.error().kind == ErrorKind::kNotFound && named.empty()) return file;
  if (!fd.ok()) return std::move(fd).error().with_context(named.empty() ? "profiles" : name.variable);
  file.is_there = true;
  TRY_ASSIGN(Secret text, read_secret(fd.value(), limits::kMaxProfileFileBytes, file.shown));
  file.text = std::make_unique<Secret>(std::move(text));
  TRY_ASSIGN(file.properties, parse_profile_file(file.text->reveal(), name.kind, file.shown));
  return file;
}

// A property and its place.
struct Found {
  std::string_view value;
  std::string place;  // "file:line"
};

// Both files together.
class Files {
 public:
  static Result<Files> load(const EnvironmentLookup& environment, const std::string& named) {
    Files files;
    std::string from_environment(variable_value(environment, "AWS_DEFAULT_PROFILE"));
    if (from_environment.empty()) from_environment = variable_value(environment, "AWS_PROFILE");
    const bool is_named = !named.empty() || !from_environment.empty();
    files.profile_ = !named.empty() ? named : is_named ? from_environment : "default";
    TRY_ASSIGN(files.files_[0], read(kCredentialsFile, environment));
    TRY_ASSIGN(files.files_[1], read(kConfigFile, environment));
    if (is_named && !files.has_profile(files.profile_)) return files.missing();
    return files;
  }

  // The selected profile.
  const std::string& profile() const { return profile_; }
  const File& credentials_file() const { return files_[0]; }
  const File& config_file() const { return files_[1]; }
  bool has_profile(std::string_view profile) const { return has_section(profile, false); }
  bool has_services(std::string_view name) const { return has_section(name, true); }

  static std::optional<Found> find_in(const File& file, std::string_view profile, std::string_view property,
                                      bool is_of_services = false) {
    // The last occurrence in a file counts.
    for (std::size_t i = file.properties.size(); i > 0; --i) {
      const Property& one = file.properties[i - 1];
      if (one.profile != profile || one.name != property || one.value.empty()) continue;
      if (one.is_of_services != is_of_services) continue;
      return Found{.value = one.value, .place = fmt::format("{}:{}", file.shown, one.line)};
    }
    return std::nullopt;
  }
  std::optional<Found> find(std::string_view profile, std::string_view property, bool is_of_services = false) const {
    for (const File& file : files_) {
      if (auto found = find_in(file, profile, property, is_of_services)) return found;
    }
    return std::nullopt;
  }
  std::string value(std::string_view profile, std::string_view property, bool is_of_services = false) const {
    auto found = find(profile, property, is_of_services);
    return found.has_value() ? std::string(found->value) : std::string();
  }

 private:
  bool has_section(std::string_view name, bool is_of_services) const {
    for (const File& file : files_) {
      for (const Property& property : file.properties) {
        if (property.profile == name && property.is_of_services == is_of_services) return true;
      }
    }
    return false;
  }
  Error missing() const {
    std::string looked_at;
    for (const File& file : files_) {
      if (file.path.empty()) continue;
      looked_at += (looked_at.empty() ? "" : " and ") + file.shown + (file.is_there ? "" : " (which is not there)");
    }
    if (looked_at.empty()) looked_at = "no file, as HOME is not set";
    return error(ErrorKind::kNotFound,
                 fmt::format("there is no profile {} with settings; looked at {}", profile_, looked_at));
  }

  std::string profile_;
  std::array<File, 2> files_;  // the one with precedence first
};

constexpr const char* kUsualSessionName = "quern";

bool is_true(std::string_view text) { return equals_ignoring_case(text, "true"); }

std::string region_in(const Files& files, const EnvironmentLookup& environment) {
  std::string region = region_of(environment);
  return region.empty() ? files.value(files.profile(), "region") : region;
}

// Follows the chain from a profile to the origin of its credentials.
class Walk {
 public:
  Walk(const Files& files, const EnvironmentLookup& environment) : files_(files), environment_(environment) {}

  // `is_first`: this is the selected profile, not the source of another one. `takes_variables`: a web identity may come
  // from the environment.
  Result<void> visit(const std::string& profile, bool is_first, bool takes_variables);
  ProfileCredentials result() && { return std::move(result_); }

 private:
  Result<void> visit_role(const std::string& profile, const Found& arn);
  Result<void> visit_source(const std::string& profile, const Found& source);
  Result<void> visit_credential_source(const Found& source);
  Result<bool> visit_web_identity(const std::string& profile, bool takes_variables);
  Result<bool> visit_keys(const std::string& profile, const File& file);
  Result<void> refuse_person(const std::string& profile, std::string_view setting) const;
  bool has_keys(const std::string& profile) const { return files_.find(profile, "aws_access_key_id").has_value(); }
  AssumedRole role_of(const std::string& profile, const std::string& arn) const;

  const Files& files_;
  const EnvironmentLookup& environment_;
  std::vector<std::string> visited_;
  ProfileCredentials result_;
};

// Refuses a setting that needs action by a person.
Result<void> Walk::refuse_person(const std::string& profile, std::string_view setting) const {
  auto found = files_.find(profile, setting);
  if (!found.has_value()) return {};
  const std::string& chosen = files_.profile();
  return error(ErrorKind::kDenied,
               fmt::format("{}: the profile {} gets its credentials through {}, for which somebody has to sign in; do "
                           "so, and hand them over with: eval \"$(aws configure export-credentials --profile {} "
                           "--format env)\"",
                           found->place, profile, setting, shell_word(chosen)));
}

Result<void> Walk::visit(const std::string& profile, bool is_first, bool takes_variables) {
  visited_.push_back(profile);
  auto arn = files_.find(profile, "role_arn");
  const bool has_token = files_.find(profile, "web_identity_token_file").has_value();
  // The keys of a source profile precede its own role; those of the selected profile follow it.
  if (arn.has_value() && !has_token && (is_first || !has_keys(profile))) return visit_role(profile, *arn);
  TRY_ASSIGN(bool is_done, visit_web_identity(profile, takes_variables));
  if (is_done) return {};
  for (const char* setting : {"sso_session", "sso_start_url", "sso_account_id", "sso_role_name"}) {
    TRY(refuse_person(profile, setting));
  }
  TRY_ASSIGN(is_done, visit_keys(profile, files_.credentials_file()));
  if (is_done) return {};
  TRY(refuse_person(profile, "login_session"));
  if (auto command = files_.find(profile, "credential_process"); command.has_value()) {
    result_.origin = ProfileCredentials::Origin::kProcess;
    result_.command = command->value;
    result_.source = fmt::format("the credential_process of profile {}", profile);
    return {};
  }
  TRY_ASSIGN(is_done, visit_keys(profile, files_.config_file()));
  static_cast<void>(is_done);
  return {};
}

AssumedRole Walk::role_of(const std::string& profile, const std::string& arn) const {
  AssumedRole role{.arn = arn,
                   .session_name = files_.value(profile, "role_session_name"),
                   .external_id = files_.value(profile, "external_id"),
                   .duration_seconds = files_.value(profile, "duration_seconds"),
                   .source = fmt::format("the role {} of profile {}", arn, profile)};
  if (role.session_name.empty()) role.session_name = kUsualSessionName;
  return role;
}

Result<void> Walk::visit_role(const std::string& profile, const Found& arn) {
  TRY(refuse_person(profile, "mfa_serial"));
  auto source_profile = files_.find(profile, "source_profile");
  auto credential_source = files_.find(profile, "credential_source");
  if (source_profile.has_value() == credential_source.has_value()) {
    return error(ErrorKind::kBadInput,
                 fmt::format("{}: the profile {} has a role_arn and {} source_profile {} credential_source; set one of "
                             "them, which says with whose credentials the role is assumed",
                             arn.place, profile, source_profile ? "both" : "neither", source_profile ? "and" : "nor"));
  }
  TRY(source_profile.has_value() ? visit_source(profile, *source_profile)
                                 : visit_credential_source(*credential_source));
  result_.roles.push_back(role_of(profile, std::string(arn.value)));
  return {};
}

Result<void> Walk::visit_source(const std::string& profile, const Found& source) {
  const std::string name(source.value);
  const bool was_visited = std::find(visited_.begin(), visited_.end(), name) != visited_.end();
  // A profile may contain the keys with which its own role is assumed.
  if (was_visited && !(name == profile && has_keys(name))) {
    return error(
        ErrorKind::kBadInput,
        fmt::format("{}: the source_profile {} leads in a circle; name a profile that has keys", source.place, name));
  }
  if (!files_.has_profile(name)) {
    return error(ErrorKind::kNotFound, fmt::format("{}: there is no profile {}, which is the source_profile of {}",
                                                   source.place, name, profile));
  }
  TRY(visit(name, false, false));
  if (result_.origin != ProfileCredentials::Origin::kNone) return {};
  return error(ErrorKind::kNotFound, fmt::format("{}: the source_profile {} has no credentials", source.place, name));
}

Result<void> Walk::visit_credential_source(const Found& source) {
  using Origin = ProfileCredentials::Origin;
  struct Known {
    const char* name;
    Origin origin;
    const char* source;
  };
  for (const Known& known : {Known{"Environment", Origin::kEnvironment, "the environment"},
                             Known{"EcsContainer", Origin::kContainer, "the container"},
                             Known{"Ec2InstanceMetadata", Origin::kInstance, "the instance"}}) {
    if (!equals_ignoring_case(source.value, known.name)) continue;
    result_.origin = known.origin;
    result_.source = fmt::format("{}, which is the credential_source in {}", known.source, source.place);
    return {};
  }
  return error(ErrorKind::kBadInput, fmt::format("{}: credential_source must be Environment, EcsContainer or "
                                                 "Ec2InstanceMetadata",
                                                 source.place));
}

Result<bool> Walk::visit_web_identity(const std::string& profile, bool takes_variables) {
  auto setting = [&](const char* variable, const char* property) {
    std::string value(takes_variables ? variable_value(environment_, variable) : std::string_view());
    return value.empty() ? files_.value(profile, property) : value;
  };
  const std::string file = setting("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (file.empty()) return false;
  const bool is_of_variables = takes_variables && !variable_value(environment_, "AWS_WEB_IDENTITY_TOKEN_FILE").empty();
  const std::string origin = is_of_variables ? "AWS_WEB_IDENTITY_TOKEN_FILE" : fmt::format("profile {}", profile);
  const std::string arn = setting("AWS_ROLE_ARN", "role_arn");
  if (arn.empty()) {
    return error(ErrorKind::kBadInput, fmt::format("{} names a web identity, and no role to assume with it; set {}",
                                                   is_of_variables ? origin : "the " + origin,
                                                   is_of_variables ? "AWS_ROLE_ARN" : "role_arn"));
  }
  AssumedRole role = role_of(profile, arn);
  std::string session = setting("AWS_ROLE_SESSION_NAME", "role_session_name");
  if (!session.empty()) role.session_name = std::move(session);
  role.source = fmt::format("the role {} of {}", arn, origin);
  // A web identity uses neither of these.
  role.external_id.clear();
  role.duration_seconds.clear();
  result_.origin = ProfileCredentials::Origin::kWebIdentity;
  result_.source = origin;
  result_.token_file = file;
  result_.roles.push_back(std::move(role));
  return true;
}

// Both keys of a pair must be in the same file.
Result<bool> Walk::visit_keys(const std::string& profile, const File& file) {
  constexpr const char* kId = "aws_access_key_id";
  constexpr const char* kKey = "aws_secret_access_key";
  auto id = Files::find_in(file, profile, kId);
  auto key = Files::find_in(file, profile, kKey);
  if (id.has_value() != key.has_value()) {
    return error(ErrorKind::kBadInput, fmt::format("{}: the profile {} has {} but no {}; set both, or neither",
                                                   (id ? id : key)->place, profile, id ? kId : kKey, id ? kKey : kId));
  }
  if (!id.has_value()) return false;
  auto token = Files::find_in(file, profile, "aws_session_token");
  AwsCredentials found{.access_key_id = std::string(id->value),
                       .secret_access_key = Secret(std::string(key->value)),
                       .session_token = Secret(std::string(token.has_value() ? token->value : std::string_view())),
                       .region = region_in(files_, environment_),
                       .expires = std::nullopt,
                       .source = fmt::format("profile {} of {}", profile, file.shown)};
  TRY(check_credentials(found));
  result_.origin = ProfileCredentials::Origin::kKeys;
  result_.source = found.source;
  result_.keys = std::move(found);
  return true;
}

}  // namespace

Result<ProfileCredentials> from_profile(const EnvironmentLookup& environment, const std::string& named) {
  TRY_ASSIGN(const Files files, Files::load(environment, named));
  Walk walk(files, environment);
  TRY(walk.visit(files.profile(), true, named.empty()));
  ProfileCredentials found = std::move(walk).result();
  found.region = region_in(files, environment);
  return found;
}

Result<std::string> region_of_profile(const EnvironmentLookup& environment, const std::string& named) {
  if (std::string region = region_of(environment); !region.empty()) return region;
  TRY_ASSIGN(const Files files, Files::load(environment, named));
  return files.value(files.profile(), "region");
}

Result<std::string> endpoint_of(std::string_view service, const EnvironmentLookup& environment,
                                const std::string& named) {
  const std::string_view ignores = variable_value(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (is_true(ignores)) return std::string();
  // The variables count even if the files cannot be read.
  const auto loaded = Files::load(environment, named);
  if (loaded.ok() && ignores.empty() &&
      is_true(loaded.value().value(loaded.value().profile(), "ignore_configured_endpoint_urls"))) {
    return std::string();
  }
  for (const char* variable : {service == "s3" ? "AWS_ENDPOINT_URL_S3" : "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}) {
    if (std::string_view value = variable_value(environment, variable); !value.empty()) return std::string(value);
  }
  if (!loaded.ok()) return loaded.error();
  const Files& files = loaded.value();
  if (auto services = files.find(files.profile(), "services"); services.has_value()) {
    if (!files.has_services(services->value)) {
      return error(ErrorKind::kBadInput,
                   fmt::format("{}: there is no section [services {}]", services->place, services->value));
    }
    std::string own = files.value(services->value, fmt::format("{}.endpoint_url", service), true);
    if (!own.empty()) return own;
  }
  return files.value(files.profile(), "endpoint_url");
}

}  // namespace quern::credentials
