#include "app/remote/credential_process.h"

#include <gmock/gmock.h>

namespace quern::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

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
