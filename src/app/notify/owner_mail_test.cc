#include "app/notify/owner_mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/fd.h"

namespace quern::app {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Sendmail : public ::testing::Test {
 protected:
  Sendmail() {
    std::signal(SIGPIPE, SIG_IGN);  // as in quern
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  ~Sendmail() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // Creates a program that runs this script, in the folder.
  std::string program(const std::string& script) const {
    std::ofstream(path("sendmail")) << "#!/bin/sh\ncd '" << folder_ << "' || exit 9\n" << script << "\n";
    ::chmod(path("sendmail").c_str(), 0755);
    return path("sendmail");
  }
  std::string left(const std::string& name) const { return read_file(path(name), 16 << 20).value(); }

 private:
  std::string folder_ = "/tmp/sendmail_test.XXXXXX";
};

TEST_F(Sendmail, GetsTheMessageAndNoSecrets) {
  ::setenv("SMTP_URL", "smtp://u:s3cret@host", 1);
  auto sent =
      run_sendmail(program("echo \"$@\" >arguments; env >environment; cat >message"), "To: <jane@x>\n\n.\n", {});
  ::unsetenv("SMTP_URL");
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_EQ(left("arguments"), "-t -i\n");
  EXPECT_EQ(left("message"), "To: <jane@x>\n\n.\n");
  EXPECT_THAT(left("environment"), Not(HasSubstr("s3cret")));
}

TEST_F(Sendmail, GetsALongMessageWhileItSaysMuch) {
  const std::string message(4 << 20, 'x');
  auto sent = run_sendmail(program("head -c 3000000 /dev/zero >&2; cat >message"), message, {});
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_EQ(left("message"), message);
}

TEST_F(Sendmail, SaysWhyItRefuses) {
  auto sent =
      run_sendmail(program("cat >/dev/null; echo 'warning: slow' >&2; echo 'no such user' >&2; exit 67"), "m", {});
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(sent.error().message, AllOf(HasSubstr("exit status 67"), HasSubstr(": no such user")));
  EXPECT_EQ(run_sendmail(program("exit 75"), "m", {}).error().kind, ErrorKind::kRetry);
}

TEST_F(Sendmail, DoesNotCountIfItLeftWithoutReading) {
  auto sent = run_sendmail(program("exec <&-; exit 0"), std::string(4 << 20, 'x'), {});
  ASSERT_FALSE(sent.ok());
  EXPECT_THAT(sent.error().message, HasSubstr("before it had read the whole mail"));
}

TEST_F(Sendmail, IsEndedWhenItHangs) {
  auto sent = run_sendmail(program("echo $$ >pid; exec sleep 1000"), "m", {}, 300ms);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kRetry);
  EXPECT_THAT(sent.error().message, HasSubstr("does not come to an end"));
  EXPECT_NE(::kill(std::stoi(left("pid")), 0), 0);
}

TEST_F(Sendmail, IsStopped) {
  std::stop_source stop;
  std::jthread stopping([&] { stop.request_stop(); });
  auto sent = run_sendmail(program("exec sleep 1000"), "m", stop.get_token());
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kStopped);
}

TEST_F(Sendmail, MayDeliverInTheBackground) {
  auto sent = run_sendmail(program("cat >message; (sleep 0.2; mv message delivered) & exit 0"), "m", {});
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  while (!std::filesystem::exists(path("delivered"))) std::this_thread::yield();
}

TEST_F(Sendmail, IsNamedWhereItDoesNotStart) {
  auto sent = run_sendmail(path("nothing"), "m", {});
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind, ErrorKind::kBadConfig);
  EXPECT_THAT(sent.error().message, HasSubstr(path("nothing")));
}

}  // namespace
}  // namespace quern::app
