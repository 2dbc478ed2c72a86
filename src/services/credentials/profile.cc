#include "services/credentials/profile.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "model/limits.h"
#include "services/credentials/profile_file.h"
#include "services/credentials/secret_text.h"

namespace quern::credentials {
namespace {

Error error(ErrorKind kind, std::string message) { return Error{.kind = kind, .message = std::move(message)}; }

// One of the two files, read.
struct File {
  std::string path;
  std::string shown;             // ~/.aws/config where that is what it is
  std::unique_ptr<Secret> text;  // held where it does not move: the properties' values lie in it
  std::vector<Property> properties;
  bool is_there = false;
};

struct FileName {
  const char* variable;
  const char* usual;  // below the home folder
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

// A property, and where it stands.
struct Found {
  std::string_view value;
  std::string place;  // "file:line"
};

// The profile of both files together.
class Profile {
 public:
  static Result<Profile> load(const EnvironmentLookup& environment, const std::string& named) {
    Profile profile;
    std::string from_environment(variable_value(environment, "AWS_PROFILE"));
    profile.is_named_ = !named.empty() || !from_environment.empty();
    profile.name_ = !named.empty() ? named : profile.is_named_ ? from_environment : "default";
    TRY_ASSIGN(profile.files_[0], read(kCredentialsFile, environment));
    TRY_ASSIGN(profile.files_[1], read(kConfigFile, environment));
    if (profile.is_named_) TRY(profile.check_that_it_exists());
    return profile;
  }

  const std::string& name() const { return name_; }
  bool has(std::string_view property) const { return find(property).has_value(); }
  std::optional<Found> find(std::string_view property) const {
    for (const File& file : files_) {
      // The last one of a file counts.
      for (std::size_t i = file.properties.size(); i > 0; --i) {
        const Property& one = file.properties[i - 1];
        if (one.profile != name_ || one.name != property || one.value.empty()) continue;
        return Found{.value = one.value, .place = fmt::format("{}:{}", file.shown, one.line)};
      }
    }
    return std::nullopt;
  }
  std::string_view value(std::string_view property) const {
    auto found = find(property);
    return found.has_value() ? found->value : std::string_view();
  }

 private:
  Result<void> check_that_it_exists() const {
    std::string looked_at;
    for (const File& file : files_) {
      for (const Property& property : file.properties) {
        if (property.profile == name_) return {};
      }
      if (file.path.empty()) continue;
      looked_at += (looked_at.empty() ? "" : " and ") + file.shown + (file.is_there ? "" : " (which is not there)");
    }
    if (looked_at.empty()) looked_at = "no file, as HOME is not set";
    return error(ErrorKind::kNotFound,
                 fmt::format("there is no profile {} with settings; looked at {}", name_, looked_at));
  }

  std::string name_;
  bool is_named_ = false;
  std::array<File, 2> files_;  // the one that counts more first
};

// Ways to credentials that quern does not go. Those that come with keys as well would mean other credentials than the
// keys; a credential process only stands in for keys that are not there.
Result<void> refuse_other_ways(const Profile& profile, bool has_keys) {
  for (const char* way : {"role_arn", "web_identity_token_file", "sso_session", "sso_start_url", "sso_account_id",
                          "credential_process"}) {
    auto found = profile.find(way);
    if (!found.has_value() || (has_keys && std::string_view(way) == "credential_process")) continue;
    return error(ErrorKind::kDenied,
                 fmt::format("{}: the profile {} gets its credentials through {}, which quern does not do; get them "
                             "with: aws configure export-credentials --profile {} --format env",
                             found->place, profile.name(), way, profile.name()));
  }
  return {};
}

Result<void> check_pair(const Profile& profile) {
  constexpr const char* kId = "aws_access_key_id";
  constexpr const char* kKey = "aws_secret_access_key";
  auto id = profile.find(kId);
  auto key = profile.find(kKey);
  if (id.has_value() == key.has_value()) return {};
  return error(ErrorKind::kBadInput,
               fmt::format("{}: the profile {} has {} but no {}; set both, or neither", (id ? id : key)->place,
                           profile.name(), id ? kId : kKey, id ? kKey : kId));
}

std::string region_in(const Profile& profile, const EnvironmentLookup& environment) {
  std::string region = region_of(environment);
  return region.empty() ? std::string(profile.value("region")) : region;
}

}  // namespace

Result<std::optional<AwsCredentials>> from_profile(const EnvironmentLookup& environment, const std::string& named) {
  TRY_ASSIGN(const Profile profile, Profile::load(environment, named));
  TRY(check_pair(profile));
  auto id = profile.find("aws_access_key_id");
  TRY(refuse_other_ways(profile, id.has_value()));
  if (!id.has_value()) return std::optional<AwsCredentials>();
  std::string file = id->place.substr(0, id->place.rfind(':'));
  AwsCredentials found{.access_key_id = std::string(id->value),
                       .secret_access_key = Secret(std::string(profile.value("aws_secret_access_key"))),
                       .session_token = Secret(std::string(profile.value("aws_session_token"))),
                       .region = region_in(profile, environment),
                       .expires = std::nullopt,
                       .source = fmt::format("profile {} of {}", profile.name(), file)};
  TRY(check_credentials(found));
  return std::optional<AwsCredentials>(std::move(found));
}

Result<std::string> region_of_profile(const EnvironmentLookup& environment, const std::string& named) {
  if (std::string region = region_of(environment); !region.empty()) return region;
  TRY_ASSIGN(const Profile profile, Profile::load(environment, named));
  return std::string(profile.value("region"));
}

}  // namespace quern::credentials
