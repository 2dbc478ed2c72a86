#include "services/credentials/profile.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace quern::credentials {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A home folder and the matching variables.
class Profiles : public ::testing::Test {
 protected:
  Profiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "quern-profiles-XXXXXX").string();
    home_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(home_ / ".aws");
    variables_["HOME"] = home_.string();
  }
  ~Profiles() override { std::filesystem::remove_all(home_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(home_ / name) << text; }
  EnvironmentLookup environment() {
    return [this](const char* name) {
      auto found = variables_.find(name);
      return found == variables_.end() ? nullptr : found->second.c_str();
    };
  }
  // "ID/SECRET/TOKEN/REGION from SOURCE", "none", another origin followed by its roles, or the error's message.
  std::string found(const std::string& named = "") {
    auto result = from_profile(environment(), named);
    if (!result.ok()) return result.error().message;
    const ProfileCredentials& found = result.value();
    std::string text = found.source;
    if (found.origin == ProfileCredentials::Origin::kNone) return "none";
    if (found.keys.has_value()) {
      const AwsCredentials& one = *found.keys;
      text = one.access_key_id + "/" + std::string(one.secret_access_key.reveal()) + "/" +
             std::string(one.session_token.reveal()) + "/" + one.region + " from " + one.source;
    }
    text += found.command + found.token_file;
    for (const AssumedRole& role : found.roles) {
      text += " > " + role.arn + " as " + role.session_name + role.external_id + role.duration_seconds;
    }
    return text;
  }
  ErrorKind kind() { return from_profile(environment()).error().kind; }

  std::filesystem::path home_;
  std::map<std::string, std::string> variables_;
};

TEST_F(Profiles, GiveNoneWhereThereAreNone) {
  EXPECT_EQ(found(), "none");
  write(".aws/config", "[default]\nregion = x\n[profile other]\naws_access_key_id=a\naws_secret_access_key=b\n");
  EXPECT_EQ(found(), "none");
  variables_.clear();
  EXPECT_EQ(found(), "none");
}

TEST_F(Profiles, JoinBothFiles) {
  write(".aws/credentials",
        "[default]\naws_access_key_id = id\naws_secret_access_key = key\n[other]\naws_access_key_id=id2\n"
        "aws_secret_access_key=key2\naws_session_token=token2\n");
  write(".aws/config", "[default]\nregion = here\naws_access_key_id = hidden\n[profile other]\nregion = there\n");
  EXPECT_EQ(found(), "id/key//here from profile default of ~/.aws/credentials");
  EXPECT_EQ(found("other"), "id2/key2/token2/there from profile other of ~/.aws/credentials");
  variables_["AWS_PROFILE"] = "other";
  EXPECT_EQ(found(), "id2/key2/token2/there from profile other of ~/.aws/credentials");
  EXPECT_EQ(found("default"), "id/key//here from profile default of ~/.aws/credentials");
  variables_["AWS_DEFAULT_REGION"] = "elsewhere";
  EXPECT_EQ(found(), "id2/key2/token2/elsewhere from profile other of ~/.aws/credentials");
}

TEST_F(Profiles, AreFoundWhereTheVariablesSay) {
  write("c", "[a]\naws_access_key_id=i\naws_secret_access_key=k\n");
  write("d", "[profile a]\nregion=r\n");
  variables_["AWS_PROFILE"] = "a";
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = "~/c";
  variables_["AWS_CONFIG_FILE"] = (home_ / "d").string();
  EXPECT_EQ(found(), "i/k//r from profile a of ~/c");
  variables_["AWS_CONFIG_FILE"] = "/dev/null";
  EXPECT_EQ(found(), "i/k// from profile a of ~/c");
  variables_["AWS_CONFIG_FILE"] = "/nowhere/config";
  EXPECT_EQ(found(), "AWS_CONFIG_FILE: opening /nowhere/config: No such file or directory");
}

TEST_F(Profiles, AreReadFromTheConfigAlone) {
  write(".aws/config", "[default]\naws_access_key_id=i\naws_secret_access_key=k\n");
  EXPECT_EQ(found(), "i/k// from profile default of ~/.aws/config");
}

TEST_F(Profiles, AreMissedIfTheyWereNamed) {
  EXPECT_EQ(found("x"),
            "there is no profile x with settings; looked at ~/.aws/credentials (which is not there) and ~/.aws/config "
            "(which is not there)");
  variables_["AWS_PROFILE"] = "x";
  write(".aws/config", "[x]\nregion=r\n");
  EXPECT_EQ(found(),
            "there is no profile x with settings; looked at ~/.aws/credentials (which is not there) and ~/.aws/config");
  EXPECT_EQ(kind(), ErrorKind::kNotFound);
  variables_.erase("HOME");
  EXPECT_EQ(found(), "there is no profile x with settings; looked at no file, as HOME is not set");
}

TEST_F(Profiles, SayWhereHalfAPairIs) {
  write(".aws/credentials", "[default]\naws_access_key_id = hidden\n");
  EXPECT_EQ(
      found(),
      "~/.aws/credentials:2: the profile default has aws_access_key_id but no aws_secret_access_key; set both, or "
      "neither");
  write(".aws/credentials", "[default]\naws_access_key_id =\naws_secret_access_key = hidden\n");
  EXPECT_EQ(
      found(),
      "~/.aws/credentials:3: the profile default has aws_secret_access_key but no aws_access_key_id; set both, or "
      "neither");
  EXPECT_EQ(kind(), ErrorKind::kBadInput);
}

TEST_F(Profiles, SayWhichSettingNeedsAPerson) {
  for (const char* way : {"sso_session", "sso_start_url", "sso_account_id", "login_session"}) {
    write(".aws/config", std::string("[default]\nregion = r\n") + way + " = hidden\n");
    EXPECT_EQ(found(),
              std::string("~/.aws/config:3: the profile default gets its credentials through ") + way +
                  ", for which somebody has to sign in; do so, and hand them over with: eval \"$(aws configure "
                  "export-credentials --profile default --format env)\"");
    EXPECT_EQ(kind(), ErrorKind::kDenied);
  }
  write(".aws/config", "[default]\nrole_arn = r\nsource_profile = s\nmfa_serial = m\n[profile s]\nregion = r\n");
  EXPECT_THAT(found(), HasSubstr("through mfa_serial"));
}

TEST_F(Profiles, AssumeARoleWithTheCredentialsOfAnother) {
  write(".aws/config",
        "[profile a]\nrole_arn = arn:a\nsource_profile = b\nexternal_id = x\nduration_seconds = 900\n"
        "[profile b]\nrole_arn = arn:b\nrole_session_name = me\nsource_profile = c\n"
        "[profile c]\naws_access_key_id=i\naws_secret_access_key=k\nrole_arn = unused\n"
        "[profile self]\nrole_arn = arn:s\nsource_profile = self\naws_access_key_id=i\naws_secret_access_key=k\n"
        "[profile env]\nrole_arn = arn:e\ncredential_source = Environment\n"
        "[profile box]\nrole_arn = arn:e\ncredential_source = EcsContainer\n"
        "[profile tool]\nrole_arn = arn:t\nsource_profile = process\n"
        "[profile process]\ncredential_process = give me\n");
  EXPECT_EQ(found("a"), "i/k// from profile c of ~/.aws/config > arn:b as me > arn:a as quernx900");
  EXPECT_EQ(found("self"), "i/k// from profile self of ~/.aws/config > arn:s as quern");
  EXPECT_EQ(found("env"), "the environment, which is the credential_source in ~/.aws/config:21 > arn:e as quern");
  EXPECT_EQ(found("box"), "the container, which is the credential_source in ~/.aws/config:24 > arn:e as quern");
  EXPECT_EQ(found("tool"), "the credential_process of profile processgive me > arn:t as quern");
  EXPECT_THAT(found("c"), HasSubstr("~/.aws/config:13: the profile c has a role_arn and neither source_profile nor"));
}

TEST_F(Profiles, SayWhereARoleHasNobodyToAssumeIt) {
  struct Row {
    const char* text;
    const char* message;
  };
  for (const Row& row : {
           Row{"role_arn = r\nsource_profile = x\n",
               "~/.aws/config:3: there is no profile x, which is the source_profile of default"},
           Row{"role_arn = r\nsource_profile = default\n",
               "~/.aws/config:3: the source_profile default leads in a circle"},
           Row{"role_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = default\n",
               "~/.aws/config:6: the source_profile default leads in a circle"},
           Row{"role_arn = r\nsource_profile = b\n[profile b]\nregion = r\n",
               "~/.aws/config:3: the source_profile b has no credentials"},
           Row{"role_arn = r\nsource_profile = b\ncredential_source = Environment\n",
               "~/.aws/config:2: the profile default has a role_arn and both source_profile and credential_source"},
           Row{"role_arn = r\ncredential_source = Elsewhere\n", "~/.aws/config:3: credential_source must be"},
           Row{"web_identity_token_file = t\n",
               "the profile default names a web identity, and no role to assume with it; set role_arn"},
       }) {
    write(".aws/config", std::string("[default]\n") + row.text);
    EXPECT_THAT(found(), testing::StartsWith(row.message));
  }
}

TEST_F(Profiles, TakeAWebIdentityOfTheEnvironmentOrTheirOwn) {
  write(".aws/config", "[default]\nweb_identity_token_file = /p\nrole_arn = arn:p\nrole_session_name = p\n");
  EXPECT_EQ(found(), "profile default/p > arn:p as p");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/v";
  EXPECT_EQ(found(), "AWS_WEB_IDENTITY_TOKEN_FILE/v > arn:p as p");
  variables_["AWS_ROLE_ARN"] = "arn:v";
  variables_["AWS_ROLE_SESSION_NAME"] = "v";
  EXPECT_EQ(found(), "AWS_WEB_IDENTITY_TOKEN_FILE/v > arn:v as v");
  EXPECT_EQ(found("default"), "profile default/p > arn:p as p");
  write(".aws/config", "[default]\nregion = r\n");
  variables_.erase("AWS_ROLE_ARN");
  EXPECT_EQ(found(),
            "AWS_WEB_IDENTITY_TOKEN_FILE names a web identity, and no role to assume with it; set AWS_ROLE_ARN");
}

TEST_F(Profiles, TakeWhatComesFirstForBoto3) {
  const std::string keys = "aws_access_key_id=i\naws_secret_access_key=k\n";
  write(".aws/config", "[default]\ncredential_process = tool\n" + keys);
  EXPECT_EQ(found(), "the credential_process of profile defaulttool");
  write(".aws/credentials", "[default]\n" + keys);
  EXPECT_EQ(found(), "i/k// from profile default of ~/.aws/credentials");
  write(".aws/config", "[default]\nrole_arn = arn:r\ncredential_source = Environment\n");
  EXPECT_EQ(found(), "the environment, which is the credential_source in ~/.aws/config:3 > arn:r as quern");
  write(".aws/config", "[default]\nsso_session = s\n");
  EXPECT_THAT(found(), HasSubstr("through sso_session"));
  variables_["AWS_DEFAULT_PROFILE"] = "other";
  variables_["AWS_PROFILE"] = "default";
  write(".aws/config", "[profile other]\n" + keys);
  EXPECT_EQ(found(), "i/k// from profile other of ~/.aws/config");
}

TEST_F(Profiles, NameTheServerOfAService) {
  auto endpoint = [&](const char* service) {
    auto found = endpoint_of(service, environment());
    return found.ok() ? found.value() : found.error().message;
  };
  EXPECT_EQ(endpoint("s3"), "");
  write(".aws/config",
        "[default]\nendpoint_url = http://all\n[profile p]\nservices = mine\nendpoint_url = http://all\n"
        "[services mine]\ns3 =\n  endpoint_url = http://s3\nec2 =\n  endpoint_url = http://ec2\n"
        "[profile q]\nservices = missing\n[profile mine]\nregion = r\n");
  EXPECT_EQ(endpoint("s3"), "http://all");
  variables_["AWS_PROFILE"] = "p";
  EXPECT_EQ(endpoint("s3"), "http://s3");
  EXPECT_EQ(endpoint("sts"), "http://all");
  variables_["AWS_PROFILE"] = "q";
  EXPECT_EQ(endpoint("s3"), "~/.aws/config:12: there is no section [services missing]");
  variables_["AWS_PROFILE"] = "p";
  variables_["AWS_ENDPOINT_URL"] = "http://v";
  EXPECT_EQ(endpoint("s3"), "http://v");
  variables_["AWS_ENDPOINT_URL_STS"] = "http://sts";
  EXPECT_EQ(endpoint("sts"), "http://sts");
  variables_["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "True";
  EXPECT_EQ(endpoint("s3") + endpoint("sts"), "");
  variables_.erase("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  write(".aws/config", "[profile p]\nignore_configured_endpoint_urls = true\nendpoint_url = http://all\n");
  EXPECT_EQ(endpoint("s3") + endpoint("sts"), "");
  variables_["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false";
  EXPECT_EQ(endpoint("s3"), "http://v");
  write(".aws/config", "[profile p\n");
  EXPECT_EQ(endpoint("s3"), "http://v");
}

TEST_F(Profiles, ShowNoValueOfAFaultyFile) {
  write(".aws/credentials", "[default]\naws_secret_access_key hidden\n");
  EXPECT_EQ(found(), "~/.aws/credentials:2: it is neither a [section] nor name = value");
  write(".aws/credentials", "[default]\naws_access_key_id=i\naws_secret_access_key=hidden\x01\n");
  EXPECT_THAT(found(), HasSubstr("the secret access key in the credentials of profile default of ~/.aws/credentials"));
  EXPECT_THAT(found(), Not(HasSubstr("hidden")));
}

TEST_F(Profiles, GiveARegionAlone) {
  EXPECT_EQ(region_of_profile(environment()).value(), "");
  write(".aws/config", "[default]\nregion = r\nsso_session = s\n[profile p]\nregion = q\n");
  EXPECT_EQ(region_of_profile(environment()).value(), "r");
  EXPECT_EQ(region_of_profile(environment(), "p").value(), "q");
  variables_["AWS_REGION"] = "e";
  EXPECT_EQ(region_of_profile(environment(), "nowhere").value(), "e");
}

}  // namespace
}  // namespace quern::credentials
