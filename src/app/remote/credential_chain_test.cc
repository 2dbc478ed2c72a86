#include "app/remote/credential_chain.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "fakes/fault_server.h"
#include "services/credentials/envelope.h"
#include "services/http/http.h"

namespace quern::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A home folder with a key in it, and environment variables.
class CredentialChain : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto key = credentials::PrivateKey::generate().value();
    pem_ = new std::string(key.pem().value().reveal());
  }
  static void TearDownTestSuite() { delete pem_; }
  CredentialChain() {
    std::string pattern = (std::filesystem::temp_directory_path() / "quern-chain-XXXXXX").string();
    home_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(home_ / ".aws");
    variables_["HOME"] = home_.string();
    // A test may run on an instance.
    variables_["AWS_EC2_METADATA_DISABLED"] = "true";
    write("key.pem", *pem_);
    std::filesystem::permissions(home_ / "key.pem", std::filesystem::perms::owner_read);
  }
  ~CredentialChain() override { std::filesystem::remove_all(home_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(home_ / name) << text; }
  void set_keys(const std::string& id) {
    variables_["AWS_ACCESS_KEY_ID"] = id;
    variables_["AWS_SECRET_ACCESS_KEY"] = "hidden";
  }
  void set_sealed(const std::string& id, const std::string& expires = "") {
    AwsCredentials one;
    one.access_key_id = id;
    one.secret_access_key = Secret(std::string("hidden"));
    one.source = "a test";
    one.expires = parse_utc(expires);
    auto key = credentials::PublicKey::from_pem(Secret(std::string(*pem_)), "key").value();
    variables_["CREDENTIALS"] = credentials::seal(one, key).value();
  }
  CredentialRequest request() {
    return {.environment =
                [this](const char* name) {
                  auto found = variables_.find(name);
                  return found == variables_.end() ? nullptr : found->second.c_str();
                },
            .now = [] { return *parse_utc("2026-01-31T12:00:00Z"); },
            .key_file = key_file_,
            .system_key = (home_ / "key.pem").string()};
  }
  // "ID of SOURCE in REGION", "none in REGION", or the error's message.
  std::string found() {
    auto result = find_credentials(request());
    if (!result.ok()) return result.error().message;
    auto current = result.value().provider->current({});
    if (!current.ok()) return current.error().message;
    const std::string region = " in " + result.value().region;
    if (current.value() == nullptr) return "none" + region;
    return current.value()->access_key_id + " of " + result.value().source + region;
  }

  static std::string* pem_;
  std::filesystem::path home_;
  std::map<std::string, std::string> variables_;
  std::string key_file_;
};
std::string* CredentialChain::pem_ = nullptr;

TEST_F(CredentialChain, TakesTheFirstSourceThatIsThere) {
  EXPECT_EQ(found(), "none in ");
  write(".aws/config", "[default]\nregion = r\naws_access_key_id = p\naws_secret_access_key = hidden\n");
  EXPECT_EQ(found(), "p of profile default of ~/.aws/config in r");
  set_keys("e");
  EXPECT_EQ(found(), "e of AWS_ACCESS_KEY_ID in r");
  set_sealed("s");
  EXPECT_EQ(found(), "s of CREDENTIALS in r");
  variables_["CREDENTIALS"] = "";
  variables_["AWS_REGION"] = "q";
  EXPECT_EQ(found(), "e of AWS_ACCESS_KEY_ID in q");
}

TEST_F(CredentialChain, AsksTheContainerLast) {
  fakes::FaultServer server(R"({"/creds": {"text": "{\"AccessKeyId\": \"c\", \"SecretAccessKey\": \"hidden\", )"
                            R"(\"Token\": \"t\", \"Expiration\": \"2026-01-31T13:00:00Z\"}"}})");
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url("/creds");
  EXPECT_EQ(found(), "c of  in ");
  set_keys("e");
  EXPECT_EQ(found(), "e of AWS_ACCESS_KEY_ID in ");
}

// An STS that returns credentials with these ids, one for each request.
std::string token_service(const char* action, const std::vector<std::string>& ids) {
  std::string faults;
  for (const std::string& id : ids) {
    faults += (faults.empty() ? "" : ", ") + std::string(R"({"status": 200, "body": "<)") + action + "Response><" +
              action + "Result><Credentials><AccessKeyId>" + id +
              "</AccessKeyId><SecretAccessKey>hidden</SecretAccessKey><SessionToken>hidden</SessionToken>"
              "<Expiration>2026-01-31T13:00:00Z</Expiration></Credentials></" +
              action + "Result></" + action + R"(Response>"})";
  }
  return R"({"/": {"text": "", "faults": [)" + faults + "]}}";
}

TEST_F(CredentialChain, AssumesARoleWithAWebIdentity) {
  fakes::FaultServer server(token_service("AssumeRoleWithWebIdentity", {"w"}));
  write("token", "the token\n");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = (home_ / "token").string();
  EXPECT_THAT(found(), HasSubstr("set AWS_ROLE_ARN"));
  variables_["AWS_ROLE_ARN"] = "arn:w";
  variables_["AWS_ENDPOINT_URL_STS"] = server.url("");
  EXPECT_EQ(found(), "w of the role arn:w of AWS_WEB_IDENTITY_TOKEN_FILE in ");
  auto client = http::make_client({}).value();
  const std::string asked = client->call({.url = server.url("/_requests")}, nullptr, {}).value().body;
  EXPECT_THAT(asked,
              AllOf(HasSubstr("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aw&RoleSessionName="
                              "quern&WebIdentityToken=the%20token"),
                    Not(HasSubstr("authorization"))));
  set_keys("e");
  EXPECT_EQ(found(), "e of AWS_ACCESS_KEY_ID in ");
}

TEST_F(CredentialChain, NeverTakesOtherRightsThanThoseOfTheWebIdentity) {
  fakes::FaultServer server(R"({"/": {"text": "", "faults": [{"status": 403, "always": true,
      "body": "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"}]}})");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = (home_ / "token").string();
  variables_["AWS_ROLE_ARN"] = "arn:w";
  variables_["AWS_ENDPOINT_URL_STS"] = server.url("");
  write(".aws/config", "[default]\naws_access_key_id = p\naws_secret_access_key = hidden\n");
  EXPECT_THAT(found(), HasSubstr("AWS_WEB_IDENTITY_TOKEN_FILE: opening"));
  write("token", "the token");
  EXPECT_THAT(found(), AllOf(HasSubstr("arn:w"), HasSubstr("AccessDenied"), Not(HasSubstr("the token"))));
}

TEST_F(CredentialChain, AssumesOneRoleAfterTheOther) {
  fakes::FaultServer server(token_service("AssumeRole", {"first", "second"}));
  variables_["AWS_ENDPOINT_URL_STS"] = server.url("");
  write(".aws/config",
        "[default]\nrole_arn = arn:a\nsource_profile = b\nregion = r\n[profile b]\nrole_arn = arn:b\n"
        "source_profile = c\n[profile c]\naws_access_key_id = p\naws_secret_access_key = hidden\n");
  EXPECT_EQ(found(), "second of the role arn:a of profile default in r");
  auto client = http::make_client({}).value();
  const std::string asked = client->call({.url = server.url("/_requests")}, nullptr, {}).value().body;
  EXPECT_THAT(asked, AllOf(HasSubstr("Credential=p/20260131/r/sts"), HasSubstr("Credential=first/20260131/r/sts")));
}

TEST_F(CredentialChain, RunsTheProcessOfAProfile) {
  write("tool", "#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"t\", \"SecretAccessKey\": \"hidden\"}'\n");
  std::filesystem::permissions(home_ / "tool", std::filesystem::perms::owner_all);
  write(".aws/config", "[default]\ncredential_process = " + (home_ / "tool").string() + "\n");
  EXPECT_EQ(found(), "t of the credential_process of profile default in ");
  write("tool", "#!/bin/sh\nexit 4\n");
  EXPECT_EQ(found(), "the credential_process of profile default: it failed: exit status 4");
}

TEST_F(CredentialChain, TakesTheSourceThatAProfileNames) {
  fakes::FaultServer server(token_service("AssumeRole", {"r"}));
  variables_["AWS_ENDPOINT_URL_STS"] = server.url("");
  write(".aws/config", "[default]\nrole_arn = arn:a\ncredential_source = EcsContainer\n");
  EXPECT_THAT(found(), HasSubstr("AWS_CONTAINER_CREDENTIALS_FULL_URI is set"));
  write(".aws/config", "[default]\nrole_arn = arn:a\ncredential_source = Ec2InstanceMetadata\n");
  EXPECT_THAT(found(), HasSubstr("has no credentials"));
  write(".aws/config", "[default]\nrole_arn = arn:a\ncredential_source = Environment\n");
  EXPECT_THAT(found(), HasSubstr("AWS_ACCESS_KEY_ID is not set"));
}

TEST_F(CredentialChain, TakesNoneIfToldSo) {
  set_sealed("s");
  write(".aws/config", "[default]\nregion = r\n");
  CredentialRequest anonymous = request();
  anonymous.is_anonymous = true;
  auto result = find_credentials(anonymous);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().provider->current({}).value(), nullptr);
  EXPECT_EQ(result.value().region, "r");
  EXPECT_EQ(result.value().no_core_dumps, nullptr);
}

TEST_F(CredentialChain, DoesNotGoOnPastASourceThatCannotBeUsed) {
  set_keys("e");
  variables_["CREDENTIALS"] = "x";
  EXPECT_THAT(found(), StartsWith("CREDENTIALS: it is not base64"));
  set_sealed("s");
  key_file_ = "/nowhere/key.pem";
  EXPECT_THAT(found(), StartsWith("CREDENTIALS is set, and cannot be opened: the private key of --key: "));
  variables_.erase("CREDENTIALS");
  variables_.erase("AWS_SECRET_ACCESS_KEY");
  write(".aws/config", "[default]\naws_access_key_id = p\naws_secret_access_key = hidden\n");
  EXPECT_THAT(found(), StartsWith("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"));
}

TEST_F(CredentialChain, RefusesWhatHasExpired) {
  set_sealed("s", "2026-01-31T11:57:00Z");
  EXPECT_THAT(found(), HasSubstr("the credentials of CREDENTIALS expired at 2026-01-31T11:57:00Z, 3 minutes ago"));
  set_sealed("s", "2026-01-31T12:30:00Z");
  EXPECT_EQ(found(), "s of CREDENTIALS in ");
}

TEST_F(CredentialChain, AllowsNoCoreDumpsWhileTheyAreHeld) {
  const int before = ::prctl(PR_GET_DUMPABLE);
  set_keys("e");
  {
    auto result = find_credentials(request());
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
  }
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), before);
  variables_.erase("AWS_ACCESS_KEY_ID");
  variables_.erase("AWS_SECRET_ACCESS_KEY");
  auto none = find_credentials(request());
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), before);
}

using ::testing::ElementsAre;

constexpr const char* kPrinted =
    R"({\"Version\":1,\"AccessKeyId\":\"p\",\"SecretAccessKey\":\"hidden\",\"SessionToken\":\"t\",)"
    R"(\"Expiration\":\"2026-01-31T13:00:00Z\"})";

TEST(WordsOf, CutsAsAShellDoes) {
  EXPECT_THAT(words_of(" a  b\tc ").value(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(words_of(R"(a 'b "c' "d 'e" f" g"h '')").value(), ElementsAre("a", "b \"c", "d 'e", "f gh", ""));
  EXPECT_THAT(words_of(R"(a\ b "c\"d\\e\f" 'g\h')").value(), ElementsAre("a b", "c\"d\\e\\f", "g\\h"));
  EXPECT_THAT(words_of("").value(), ElementsAre());
  EXPECT_FALSE(words_of("a 'b").ok());
}

TEST(RunCredentialProcess, ReadsWhatItPrints) {
  auto found = run_credential_process("/bin/sh -c \"echo '" + std::string(kPrinted) + "'\"", "the process");
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found.value().access_key_id, "p");
  EXPECT_EQ(found.value().session_token.reveal(), "t");
  EXPECT_TRUE(found.value().expires.has_value());
}

TEST(RunCredentialProcess, SaysHowItFailedAndNothingOfTheCommand) {
  struct Row {
    const char* command;
    const char* why;
  };
  for (const Row& row :
       {Row{"sh -c 'echo hidden; exit 3'", "the process: it failed: exit status 3"},
        Row{"/nowhere/program", "the process: "}, Row{"hidden-is-not-there", "its program is not on PATH"},
        Row{"sh -c 'echo hidden'", "the process"}, Row{"a 'hidden", "does not end"}, Row{" ", "it is empty"}}) {
    auto found = run_credential_process(row.command, "the process");
    ASSERT_FALSE(found.ok()) << row.command;
    EXPECT_THAT(found.error().message, HasSubstr(row.why)) << row.command;
    EXPECT_THAT(found.error().message, Not(HasSubstr("hidden")));
  }
}

}  // namespace

}  // namespace quern::app
