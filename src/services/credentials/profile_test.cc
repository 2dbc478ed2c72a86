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

// A home folder, and the variables that go with it.
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
  // "ID/SECRET/TOKEN/REGION from SOURCE", "none", or the error's message.
  std::string found(const std::string& named = "") {
    auto result = from_profile(environment(), named);
    if (!result.ok()) return result.error().message;
    if (!result.value().has_value()) return "none";
    const AwsCredentials& one = *result.value();
    return one.access_key_id + "/" + std::string(one.secret_access_key.reveal()) + "/" +
           std::string(one.session_token.reveal()) + "/" + one.region + " from " + one.source;
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

TEST_F(Profiles, SayWhichSettingIsNotDone) {
  for (const char* way :
       {"role_arn", "web_identity_token_file", "sso_session", "sso_start_url", "credential_process"}) {
    write(".aws/config", std::string("[default]\nregion = r\n") + way + " = hidden\n");
    EXPECT_EQ(found(),
              std::string("~/.aws/config:3: the profile default gets its credentials through ") + way +
                  ", which quern does not do; get them with: aws configure export-credentials --profile default "
                  "--format env");
    EXPECT_EQ(kind(), ErrorKind::kDenied);
  }
  write(".aws/config", "[default]\ncredential_process = hidden\naws_access_key_id=i\naws_secret_access_key=k\n");
  EXPECT_EQ(found(), "i/k// from profile default of ~/.aws/config");
  write(".aws/config", "[default]\nrole_arn = hidden\naws_access_key_id=i\naws_secret_access_key=k\n");
  EXPECT_THAT(found(), HasSubstr("through role_arn"));
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
