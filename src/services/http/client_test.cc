#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "fakes/fault_server.h"
#include "services/http/http.h"

namespace quern::http {
namespace {

using namespace std::chrono_literals;
using fakes::FaultServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Only tests in which the server stalls set a short time for it: on a busy machine any answer may take long.
ClientOptions quick() { return {.retry = {.attempts = 3, .first_wait = 1ms, .longest_wait = 2ms}}; }

std::unique_ptr<Client> client(ClientOptions options = quick()) { return make_client(std::move(options)).value(); }

Result<Response> get(const std::string& url, Signer* signer = nullptr) {
  return client()->call({.url = url}, signer, {});
}

std::string requests(const FaultServer& server) { return get(server.url("/_requests")).value().body; }

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// Collects an answer in memory and records how it was called.
struct Taker final : Receiver {
  Result<void> begin(const Head& head) override {
    statuses.push_back(head.status);
    return refuse_begin ? Result<void>(Error{.kind = ErrorKind::kBadInput, .message = "not wanted"}) : Result<void>();
  }
  Result<void> take(std::string_view bytes) override {
    EXPECT_FALSE(is_paused);
    body += bytes;
    if (on_take) on_take();
    return {};
  }
  bool again(Request& request) override {
    if (!may_repeat) return false;
    if (resumes) request.range = ByteRange{body.size(), total - body.size()};
    if (!resumes) body.clear();
    return true;
  }
  void done(Result<Head> result) override {
    EXPECT_FALSE(outcome.has_value());
    outcome = std::move(result);
  }
  void run(Client& client) {
    while (!outcome.has_value()) ASSERT_TRUE(client.step(std::chrono::steady_clock::now() + 10s, -1, {}).ok());
  }

  std::vector<int> statuses;
  std::string body;
  std::optional<Result<Head>> outcome;
  std::function<void()> on_take;
  std::size_t total = 0;
  bool refuse_begin = false;
  bool may_repeat = true;
  bool resumes = false;
  bool is_paused = false;
};

struct CountingSigner final : Signer {
  Result<void> sign(Request& request) override {
    request.headers.push_back({"Authorization", "signature " + std::to_string(++calls)});
    request.headers.push_back({"X-Signed", "yes"});
    return {};
  }
  int calls = 0;
};

TEST(Call, GivesBackAnAnswer) {
  FaultServer server(R"({"/a": {"text": "hello", "headers": {"X-Kind": "test"}}, "/empty": {"text": ""}})");
  auto answer = get(server.url("/a?x=1"));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer.value().body, "hello");
  EXPECT_EQ(answer.value().head.status, 200);
  EXPECT_EQ(answer.value().head.header("x-kind"), "test");
  EXPECT_EQ(answer.value().head.url, server.url("/a"));
  EXPECT_EQ(get(server.url("/empty")).value().body, "");
}

TEST(Call, SendsMethodBodyHeadersAndTargetAsTheyAre) {
  FaultServer server("{}");
  auto http = client();
  for (const char* method : {"POST", "PUT", "DELETE", "HEAD", "GET"}) {
    Request request{.method = method, .url = server.url("/a/./../b%2f%7E*=:(x)?b=%20&a&c="), .keeps_refusals = true};
    request.headers = {{"X-Empty", ""}, {"X-Text", "a: b"}};
    if (request.method[0] == 'P') request.body = "{}";
    EXPECT_EQ(http->call(request, nullptr, {}).value().head.status, 404) << method;
    EXPECT_THAT(requests(server), HasSubstr(std::string("\"method\": \"") + method + "\"")) << method;
  }
  std::string asked = requests(server);
  EXPECT_EQ(count(asked, R"("target": "/a/./../b%2f%7E*=:(x)?b=%20&a&c=")"), 5U) << asked;
  EXPECT_EQ(count(asked, R"("x-empty": "", "x-text": "a: b")"), 5U) << asked;
  EXPECT_EQ(count(asked, R"("body": "{}")"), 2U) << asked;
  EXPECT_EQ(count(asked, R"("content-length": "2")"), 2U) << asked;
  EXPECT_THAT(asked, Not(HasSubstr("content-type")));
  EXPECT_THAT(asked, Not(HasSubstr("expect")));
}

TEST(Call, RefusesWhatWouldBreakARequestApart) {
  FaultServer server("{}");
  Request request{.url = server.url("/a"), .headers = {{"X-A", "b\r\nX-C: d"}}};
  EXPECT_EQ(client()->call(request, nullptr, {}).error().kind, ErrorKind::kBadInput);
  EXPECT_EQ(get("ftp://127.0.0.1/a?secret").error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(get("ftp://127.0.0.1/a?secret").error().message, Not(HasSubstr("secret")));
}

TEST(Start, TakesWhatAProxyHasChanged) {
  FaultServer server(R"({"/a": {"faults": [{"status": 203, "body": "ok"}]}})");
  Taker taker;
  auto one = client();
  one->start({.url = server.url("/a")}, taker, nullptr);
  while (!taker.outcome.has_value()) ASSERT_TRUE(one->step(std::chrono::steady_clock::now() + 10s, -1, {}).ok());
  EXPECT_EQ(taker.body, "ok");
}

TEST(Call, RepeatsWhatMayChange) {
  FaultServer server(
      R"({"/a": {"text": "ok", "faults": [{"status": 503}, {"status": 400, "s3_error": "RequestTimeout"}]},
                         "/b": {"text": "ok", "faults": [{"reset_after": 1}, {"close_after": 1}]},
                         "/c": {"text": "ok", "faults": [{"content_length": 9}, {"status": 429, "headers": {"Retry-After": "0"}}]}})");
  EXPECT_EQ(get(server.url("/a")).value().body, "ok");
  EXPECT_EQ(get(server.url("/b")).value().body, "ok");
  EXPECT_EQ(get(server.url("/c")).value().body, "ok");
}

// A busy or unavailable host is waited for, however few attempts are allowed.
TEST(Call, IsPatientWithAHostThatIsBusy) {
  FaultServer server(R"({"/a": {"text": "ok", "faults": [{"status": 503}, {"status": 429}, {"reset_after": 0}]},
                         "/b": {"faults": [{"status": 503, "always": true}]},
                         "/c": {"faults": [{"status": 500, "always": true}]},
                         "/d": {"faults": [{"status": 503, "always": true}]}})");
  ClientOptions patient = quick();
  patient.retry.attempts = 2;
  patient.retry.patience = 1min;
  EXPECT_EQ(client(patient)->call({.url = server.url("/a")}, nullptr, {}).value().body, "ok");
  EXPECT_THAT(client(patient)->call({.url = server.url("/c")}, nullptr, {}).error().message,
              HasSubstr("after 2 attempts"));
  patient.retry.attempts = 1;
  EXPECT_THAT(client(patient)->call({.url = server.url("/d")}, nullptr, {}).error().message,
              HasSubstr("after 1 attempt"));
  patient.retry = {.attempts = 50, .patience = 1ms};
  Error error = client(patient)->call({.url = server.url("/b")}, nullptr, {}).error();
  EXPECT_EQ(error.kind, ErrorKind::kRetry);
  EXPECT_THAT(error.message, AllOf(HasSubstr("503"), HasSubstr("after 2 attempts")));
}

TEST(Call, TellsOfHostsThatItWaitsFor) {
  struct Told final : HostListener {
    void waits(const std::string& host, const Error& why, std::chrono::steady_clock::time_point,
               std::chrono::steady_clock::time_point) override {
      said.push_back("waits " + host + " " + std::to_string(why.code));
    }
    void serves(const std::string& host) override { said.push_back("serves " + host); }
    std::vector<std::string> said;
  } told;
  FaultServer server(R"({"/a": {"text": "ok", "faults": [{"status": 500}, {"status": 503}]},
                         "/b": {"faults": [{"status": 503}, {"status": 404}]}})");
  ClientOptions patient = quick();
  patient.retry.attempts = 2;
  patient.retry.patience = 1min;
  patient.retry.errors_are_trouble = true;
  patient.listener = &told;
  auto one = client(patient);
  EXPECT_EQ(one->call({.url = server.url("/a")}, nullptr, {}).value().body, "ok");
  // A refusal also shows that the host is available.
  EXPECT_EQ(one->call({.url = server.url("/b")}, nullptr, {}).error().kind, ErrorKind::kNotFound);
  const std::string host = server.url("").substr(0, server.url("").find('/', 8));
  EXPECT_THAT(told.said, testing::ElementsAre("waits " + host + " 500", "waits " + host + " 503", "serves " + host,
                                              "waits " + host + " 503", "serves " + host));
}

TEST(Call, HasOneShortAttemptForWhatCanBeDoneWithout) {
  FaultServer server(R"({"/hangs": {"text": "ok", "faults": [{"stall_after": 0, "always": true}]},
                         "/busy": {"faults": [{"status": 503, "always": true}]}})");
  auto patient = client({.retry = {.patience = 1min}});
  for (const char* path : {"/hangs", "/busy"}) {
    auto answer = patient->call({.url = server.url(path), .longest = 50ms}, nullptr, {});
    EXPECT_THAT(answer.error().message, HasSubstr("after 1 attempt")) << path;
  }
}

TEST(Call, TakesATrickleForAStall) {
  FaultServer server(R"({"/a": {"size": 400, "faults": [{"trickle": 0.01}]}})");
  ClientOptions options = quick();
  options.timeouts = {.stall = 20s, .slow_window = 100ms};
  options.retry.attempts = 1;
  auto answer = client(options)->call({.url = server.url("/a")}, nullptr, {});
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().message, AllOf(HasSubstr("only "), HasSubstr(" bytes came in 100 ms")));
}

TEST(Call, WritesHostsInLowerCaseAsTheyAreSigned) {
  FaultServer server(R"({"/A": {"text": "ok"}})");
  std::string url = server.url("/A");
  url.replace(0, std::string("http://127.0.0.1").size(), "HTTP://LocalHost");
  EXPECT_EQ(get(url).value().body, "ok");
  EXPECT_THAT(requests(server), HasSubstr("\"host\": \"localhost:"));
}

TEST(Call, SaysWhatTheLastAttemptFailedOf) {
  FaultServer server(R"({"/slow": {"faults": [{"status": 503, "s3_error": "SlowDown", "always": true}]},
                         "/stall": {"text": "ok", "faults": [{"stall_after": 1, "always": true}]},
                         "/denied": {"faults": [{"status": 403, "s3_error": "AccessDenied"}]}})");
  Error slow = get(server.url("/slow?X-Amz-Signature=secret")).error();
  EXPECT_EQ(slow.kind, ErrorKind::kRetry);
  EXPECT_EQ(slow.code, 503);
  EXPECT_EQ(slow.message,
            "GET " + server.url("/slow") +
                ": HTTP status 503, SlowDown: It was planned & done (request id REQUEST17), after 3 attempts");
  ClientOptions impatient = quick();
  impatient.timeouts.stall = 200ms;
  EXPECT_THAT(client(impatient)->call({.url = server.url("/stall")}, nullptr, {}).error().message,
              HasSubstr("no byte came for 200 ms, after 3 attempts"));
  Error denied = get(server.url("/denied")).error();
  EXPECT_EQ(denied.kind, ErrorKind::kDenied);
  EXPECT_EQ(denied.code, 403);
  Error missing = get(server.url("/missing")).error();
  EXPECT_EQ(missing.kind, ErrorKind::kNotFound);
  EXPECT_THAT(missing.message, HasSubstr("NoSuchKey"));
  EXPECT_EQ(count(requests(server), "\"method\""), 8U);
  Error refused = get("http://127.0.0.1:1/a?secret").error();
  EXPECT_EQ(refused.kind, ErrorKind::kRetry);
  EXPECT_THAT(refused.message, AllOf(HasSubstr("127.0.0.1"), Not(HasSubstr("secret")), HasSubstr("after 3 attempts")));
}

TEST(Call, HandsOverRefusalsToThoseWhoAskForThem) {
  FaultServer server(R"({"/a": {"faults": [{"status": 503}, {"redirect": "/b", "status": 301}]},
                         "/c": {"faults": [{"status": 503, "body": "last", "always": true}]}})");
  auto moved = client()->call({.url = server.url("/a"), .keeps_refusals = true}, nullptr, {});
  EXPECT_EQ(moved.value().head.status, 301);
  EXPECT_EQ(moved.value().head.header("location"), "/b");
  EXPECT_EQ(moved.value().body, "elsewhere");
  auto tired = client()->call({.url = server.url("/c"), .keeps_refusals = true}, nullptr, {});
  EXPECT_EQ(tired.value().head.status, 503);
  EXPECT_EQ(tired.value().body, "last");
  EXPECT_EQ(count(requests(server), "\"target\": \"/c\""), 3U);
}

TEST(Call, HidesWhatAServerRepeatsOfSecrets) {
  FaultServer server(
      R"({"/a": {"faults": [{"status": 403, "always": true, "body": "<Error><Code>AccessDenied</Code>)"
      R"(<Message>no: AWS4 Credential=AKIDEXAMPLEOFAKEY/20260101, Signature=0123456789abcdef0123, )"
      R"(of 0123456789abcdef0123 with thetoken and Basic abc in /a?secret=x today</Message></Error>"}]}})");
  const http::Request request{
      .url = server.url("/a?secret=x"),
      .headers = {{"Authorization", "AWS4 Credential=AKIDEXAMPLEOFAKEY/20260101, Signature=0123456789abcdef0123"},
                  {"X-Amz-Security-Token", "thetoken"},
                  {"Accept", "today"}}};
  const Error error = client()->call(request, nullptr, {}).error();
  EXPECT_THAT(error.message, HasSubstr("AccessDenied: no: …, of … with … and Basic abc in /a? today"));
}

TEST(Call, BoundsWhatItKeeps) {
  FaultServer server(R"({"/a": {"size": 5000}, "/zip": {"size": 500000, "gzip": true}})");
  ClientOptions options = quick();
  options.most_body_bytes = 4999;
  EXPECT_EQ(client(options)->call({.url = server.url("/a")}, nullptr, {}).error().kind, ErrorKind::kBadInput);
  EXPECT_EQ(client(options)->call({.url = server.url("/zip")}, nullptr, {}).error().kind, ErrorKind::kBadInput);
  options.most_body_bytes = 5000;
  EXPECT_EQ(client(options)->call({.url = server.url("/a")}, nullptr, {}).value().body, FaultServer::content(5000));
}

TEST(ContentEncoding, IsDecodedInMemoryAndKeptInStreams) {
  FaultServer server(R"({"/zip": {"size": 5000, "gzip": true}})");
  EXPECT_EQ(get(server.url("/zip")).value().body, FaultServer::content(5000));
  auto http = client();
  Taker taker;
  http->start({.url = server.url("/zip")}, taker, nullptr);
  taker.run(*http);
  EXPECT_TRUE(taker.outcome->ok());
  EXPECT_EQ(taker.body.substr(0, 2), "\x1f\x8b");
  EXPECT_LT(taker.body.size(), 4000U);
  EXPECT_THAT(requests(server), HasSubstr("\"accept-encoding\": \"identity\""));
}

TEST(Redirects, AreSignedAgainOnTheSameOrigin) {
  FaultServer server(R"({"/a": {"faults": [{"redirect": "/b"}]}, "/b": {"text": "b"}})");
  CountingSigner signer;
  auto answer = get(server.url("/a"), &signer);
  EXPECT_EQ(answer.value().body, "b");
  EXPECT_EQ(answer.value().head.url, server.url("/b"));
  EXPECT_EQ(signer.calls, 2);
  EXPECT_THAT(requests(server), HasSubstr("\"authorization\": \"signature 2\""));
}

TEST(Redirects, TakeNothingSecretToAnotherOrigin) {
  FaultServer other(R"({"/b": {"faults": [{"redirect": "/c", "status": 302}]}, "/c": {"text": "c"}})");
  FaultServer server(R"({"/a": {"faults": [{"redirect": ")" + other.url("/b") + R"("}]}})");
  CountingSigner signer;
  Request request{.url = server.url("/a"),
                  .headers = {{"authorization", "mine"}, {"Cookie", "mine"}, {"X-Plain", "1"}}};
  EXPECT_EQ(client()->call(request, &signer, {}).value().body, "c");
  EXPECT_EQ(signer.calls, 1);
  std::string asked = requests(other);
  EXPECT_EQ(count(asked, "\"x-plain\": \"1\""), 2U) << asked;
  EXPECT_THAT(asked, AllOf(Not(HasSubstr("authorization")), Not(HasSubstr("cookie")), Not(HasSubstr("x-signed"))));
}

TEST(Redirects, AreFollowedTenTimesAndChangePostsAsClientsDo) {
  FaultServer server(R"({"/loop": {"faults": [{"redirect": "/loop", "always": true}]},
                         "/post": {"faults": [{"redirect": "/got", "status": 303}]}, "/got": {"text": "got"},
                         "/kept": {"faults": [{"redirect": "/got", "status": 308}]}})");
  Error error = get(server.url("/loop")).error();
  EXPECT_EQ(error.kind, ErrorKind::kBadInput);
  EXPECT_THAT(error.message, HasSubstr("redirected more than 10 times"));
  EXPECT_EQ(count(requests(server), "\"target\": \"/loop\""), 11U);
  auto http = client();
  EXPECT_EQ(http->call({.method = "POST", .url = server.url("/post"), .body = "x"}, nullptr, {}).value().body, "got");
  EXPECT_EQ(http->call({.method = "POST", .url = server.url("/kept"), .body = "x"}, nullptr, {}).value().body, "got");
  std::string asked = requests(server);
  EXPECT_EQ(count(asked, R"({"method": "GET", "target": "/got")"), 1U) << asked;
  EXPECT_EQ(count(asked, R"({"method": "POST", "target": "/got")"), 1U) << asked;
}

TEST(Stream, ResumesWhereAnAttemptBrokeOff) {
  FaultServer server(R"({"/a": {"size": 300000, "faults": [{"reset_after": 100000}, {"status": 503}]}})");
  auto http = client();
  Taker taker;
  taker.total = 300000;
  taker.resumes = true;
  http->start({.url = server.url("/a")}, taker, nullptr);
  EXPECT_EQ(http->running(), 1U);
  taker.run(*http);
  EXPECT_EQ(http->running(), 0U);
  ASSERT_TRUE(taker.outcome->ok()) << taker.outcome->error().message;
  EXPECT_THAT(taker.statuses, ::testing::ElementsAre(200, 206));
  EXPECT_EQ(taker.body, FaultServer::content(300000));
}

TEST(Stream, EndsWithWhatItsReceiverSays) {
  FaultServer server(R"({"/a": {"size": 300000, "faults": [{"close_after": 5}]}, "/b": {"size": 9}})");
  auto http = client();
  Taker unrepeatable;
  unrepeatable.may_repeat = false;
  Taker unwilling;
  unwilling.refuse_begin = true;
  Taker missing;
  http->start({.url = server.url("/a")}, unrepeatable, nullptr);
  http->start({.url = server.url("/b")}, unwilling, nullptr);
  http->start({.url = server.url("/c")}, missing, nullptr);
  unrepeatable.run(*http);
  unwilling.run(*http);
  missing.run(*http);
  EXPECT_EQ(unrepeatable.outcome->error().kind, ErrorKind::kRetry);
  EXPECT_EQ(unwilling.outcome->error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(unwilling.outcome->error().message, HasSubstr("/b: not wanted"));
  EXPECT_EQ(missing.outcome->error().kind, ErrorKind::kNotFound);
}

TEST(Stream, TakesNothingWhilePaused) {
  FaultServer server(R"({"/a": {"size": 3000000}, "/b": {"size": 10}})");
  ClientOptions options = quick();
  options.timeouts.stall = 500ms;
  auto http = client(options);
  Taker taker;
  taker.on_take = [&] {
    if (taker.body.size() > 1000000 || taker.is_paused) return;
    taker.is_paused = true;
    http->pause(taker);
  };
  http->start({.url = server.url("/a")}, taker, nullptr);
  // A paused transfer is not stalled, however long the pause lasts.
  while (!taker.is_paused) ASSERT_TRUE(http->step(std::chrono::steady_clock::now() + 10ms, -1, {}).ok());
  std::size_t taken = taker.body.size();
  ASSERT_TRUE(http->step(std::chrono::steady_clock::now() + 1200ms, -1, {}).ok());
  EXPECT_EQ(http->call({.url = server.url("/b")}, nullptr, {}).value().body.size(), 10U);
  EXPECT_EQ(taker.body.size(), taken);
  while (taker.body.size() < 1000000) {
    taker.is_paused = false;
    http->resume(taker);
    ASSERT_TRUE(http->step(std::chrono::steady_clock::now(), -1, {}).ok());
  }
  taker.is_paused = false;
  http->resume(taker);
  taker.run(*http);
  EXPECT_TRUE(taker.outcome->ok());
  EXPECT_EQ(taker.body, FaultServer::content(3000000));
}

TEST(Stream, IsGivenUpByCancelAndByStop) {
  FaultServer server(R"({"/a": {"size": 300000, "faults": [{"stall_after": 5, "always": true}]}})");
  ClientOptions options = quick();
  options.timeouts.stall = 60s;
  auto http = client(options);
  Taker cancelled;
  Taker stopped;
  std::stop_source stop;
  std::thread stopper;
  cancelled.on_take = [&] { http->cancel(cancelled); };
  stopped.on_take = [&] {
    if (!stopper.joinable()) stopper = std::thread([&] { stop.request_stop(); });
  };
  http->start({.url = server.url("/a")}, cancelled, nullptr);
  cancelled.run(*http);
  EXPECT_EQ(cancelled.outcome->error().kind, ErrorKind::kStopped);
  http->start({.url = server.url("/a")}, stopped, nullptr);
  auto stepped = http->step(std::chrono::steady_clock::time_point::max(), -1, stop.get_token());
  EXPECT_EQ(stepped.error().kind, ErrorKind::kStopped);
  EXPECT_EQ(stopped.outcome->error().kind, ErrorKind::kStopped);
  EXPECT_EQ(http->running(), 0U);
  stopper.join();
}

TEST(Step, ReturnsWhenItsDescriptorIsReadable) {
  auto http = client();
  Fd wake(::eventfd(1, EFD_CLOEXEC));
  EXPECT_TRUE(http->step(std::chrono::steady_clock::time_point::max(), wake.number(), {}).ok());
  EXPECT_TRUE(http->step(std::chrono::steady_clock::time_point::max(), -1, {}).ok());
}

// Sets an environment variable, or unsets it for nullptr, during its lifetime.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* before = std::getenv(name);
    if (before != nullptr) before_ = before;
    set(value);
  }
  ~Variable() { set(before_.has_value() ? before_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) const { value == nullptr ? ::unsetenv(name_) : ::setenv(name_, value, 1); }
  const char* const name_;
  std::optional<std::string> before_;
};

TEST(Tls, TrustsTheAuthoritiesOfTheEnvironment) {
  std::string file = ::testing::TempDir() + "client_test." + std::to_string(::getpid()) + ".pem";
  std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost "
      "-addext subjectAltName=IP:127.0.0.1 -keyout " +
      file + " -out " + file + ".crt 2>/dev/null && cat " + file + ".crt >>" + file;
  ASSERT_EQ(std::system(command.c_str()), 0);
  FaultServer plain(R"({"/b": {"text": "b"}})");
  FaultServer server(R"({"certificate": ")" + file + R"(", "/a": {"text": "a"}, "/down": {"faults": [{"redirect": ")" +
                     plain.url("/b") + R"("}]}})");
  std::string origin = "https" + server.url("").substr(4);
  Variable aws("AWS_CA_BUNDLE", "");
  Variable curl("CURL_CA_BUNDLE", nullptr);
  {
    Variable openssl("SSL_CERT_FILE", nullptr);
    Error error = get(origin + "/a").error();
    EXPECT_EQ(error.kind, ErrorKind::kBadInput);
    EXPECT_THAT(error.message, AllOf(HasSubstr("SSL_CERT_FILE"), Not(HasSubstr("attempt"))));
  }
  Variable openssl("SSL_CERT_FILE", file.c_str());
  auto answer = get(origin + "/a");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer.value().body, "a");
  EXPECT_THAT(get(origin + "/down").error().message, HasSubstr("from https to http, which is not followed"));
  EXPECT_EQ(requests(plain), "[]");
  ::unlink(file.c_str());
  ::unlink((file + ".crt").c_str());
}

TEST(Proxy, IsThatOfTheEnvironment) {
  FaultServer proxy(R"({"http://elsewhere.invalid/a": {"text": "by proxy"}, "/b": {"text": "direct"}})");
  std::string address = proxy.url("");
  Variable wanted("http_proxy", address.c_str());
  Variable except("no_proxy", "127.0.0.1");
  EXPECT_EQ(get("http://elsewhere.invalid/a").value().body, "by proxy");
  EXPECT_EQ(get(proxy.url("/b")).value().body, "direct");
}

TEST(MakeClient, NamesTheVariableOfAMissingCertificateFile) {
  Variable authorities("AWS_CA_BUNDLE", "/nowhere/ca.pem");
  Error error = make_client({}).error();
  EXPECT_EQ(error.kind, ErrorKind::kBadConfig);
  EXPECT_THAT(error.message, HasSubstr("AWS_CA_BUNDLE names /nowhere/ca.pem"));
}

}  // namespace
}  // namespace quern::http
