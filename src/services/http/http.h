#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/http/http_limits.h"

// HTTP over libcurl's multi interface: connections are kept and used again, answers are taken as they come, failed
// attempts are repeated. One Client belongs to one thread, which does all its work inside call() and step().

namespace quern::http {

struct Header {
  std::string name;
  std::string value;
};

// Bytes [first, first + count) of an object.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

struct Request {
  std::string method = "GET";
  std::string url;  // absolute; percent-encoded already, and sent exactly so
  std::vector<Header> headers;
  std::string body;
  std::optional<ByteRange> range;
  // For start(): the body may come with gzip, and is decoded on the way; call() always does this. Not with a range.
  bool decodes = false;
  // If not 0: there is one attempt, and it may take this long. For questions that can be done without.
  std::chrono::milliseconds longest{0};
  // An answer of 300 or above comes back as a Response, or to a receiver as an answer that was taken, and not as an
  // error, and redirects are not followed: for callers to whom its head and body say what to do. What the retry policy
  // repeats is repeated all the same; then the last answer comes back. Errors are left for exchanges without an answer.
  bool keeps_refusals = false;
};

// The head of an answer, of the last one if redirects were followed.
struct Head {
  int status = 0;
  std::vector<Header> headers;  // names in lower case
  std::string url;              // that answered, after redirects, without its query

  // The value of the header, or none. `name` is in lower case.
  std::optional<std::string_view> header(std::string_view name) const;
};

// Of a refusal that a Receiver explains, the body is its beginning.
struct Response {
  Head head;
  std::string body;
};

// Completes a request before each attempt: a signature has a date and does not survive a second one. It is asked again
// for each redirect to the same origin; to another origin nothing that it added is sent. Called on the client's thread.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual Result<void> sign(Request& request) = 0;
};

// Which attempts are repeated: connection errors, 408, 429, 500, 502, 503, 504. Waits are drawn from full-jitter
// exponential back-off (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/); a
// Retry-After counts if it is longer.
// A host that is busy or away (host_pause.h) is left alone by all exchanges with it at once.
struct RetryPolicy {
  std::size_t attempts = 5;
  // If not 0, and more than one attempt is allowed: such a host is asked again for so long, however many attempts that
  // takes; where it serves others meanwhile, also until the attempts are used up.
  std::chrono::milliseconds patience{0};
  // A 500 says, as a 503 does, that the host is in trouble, and not that it cannot do this one thing.
  bool errors_are_trouble = false;
  std::chrono::milliseconds first_wait{200};
  std::chrono::milliseconds longest_wait{20000};
};

struct Timeouts {
  std::chrono::milliseconds connect{15000};
  std::chrono::milliseconds stall{60000};  // without a byte in either direction
  // Of an answer that has begun: this long for fewer bytes than limits::kLeastBytesPerSecond make is a stall as well.
  std::chrono::milliseconds slow_window{limits::kSlowWindow};
  std::chrono::milliseconds total{0};  // of one attempt; 0: none
};

// Hears of hosts that exchanges wait for (RetryPolicy::patience). Called on the client's thread, from within call() and
// step().
class HostListener {
 public:
  virtual ~HostListener() = default;
  // The host ("https://host:port") is busy or away, as `why` says of an attempt that was begun then, and is asked
  // again at `next`.
  virtual void waits(const std::string& host, const Error& why, std::chrono::steady_clock::time_point begun,
                     std::chrono::steady_clock::time_point next) = 0;
  // It was, and has begun an answer.
  virtual void serves(const std::string& /*host*/) {}
};

struct ClientOptions {
  RetryPolicy retry = {};
  HostListener* listener = nullptr;  // borrowed
  Timeouts timeouts = {};
  std::string user_agent = "quern";
  // False: proxies of the environment are passed by, for servers that are as near as this machine's own metadata.
  bool uses_proxies = true;
  // True: a redirect may lead from a public address to a private one, and to TASKCLUSTER_PROXY_URL (see redirects.h).
  bool private_redirects = false;
  // What call() keeps of an answer; a longer one is kBadInput.
  std::size_t most_body_bytes = 64ULL << 20;
};

// Takes the answer to one streamed request. Called on the client's thread, from within step().
class Receiver {
 public:
  virtual ~Receiver() = default;
  // An attempt's answer begins: a 200, 203 or 206, or with keeps_refusals any that is not repeated. An error ends the
  // request with it, and it is not repeated.
  virtual Result<void> begin(const Head& head) = 0;
  // The next bytes of the body. An error ends the request with it.
  virtual Result<void> take(std::string_view bytes) = 0;
  // An attempt broke off and another will follow: what is to be asked for then. False: the request cannot be repeated.
  virtual bool again(Request& request) = 0;
  // A refusal ends the request: what it means, in place of what the client would say. None: the client says it.
  virtual std::optional<Error> refused(const Response&) { return std::nullopt; }
  // Exactly once, last. Without an error the whole answer was taken.
  virtual void done(Result<Head> outcome) = 0;
};

// Errors of both: kNotFound for 404 and 410, kDenied for 401 and 403, kRetry where the attempts were used up (with what
// the last one failed of), kBadInput for any other refusal, kStopped. Error::code is the HTTP status, and the message
// names method, host and path, never the query, which may hold a signature; of an S3 error document also its Code,
// Message and RequestId.
class Client {
 public:
  virtual ~Client() = default;

  // One exchange whose answer fits in memory, with retries. Any status below 300 is a success; others are errors.
  // `signer` may be nullptr. Blocks.
  virtual Result<Response> call(const Request& request, Signer* signer, const std::stop_token& stop) = 0;

  // Begins an exchange that goes on in step(). `receiver` and `signer` are borrowed until done() was called.
  virtual void start(Request request, Receiver& receiver, Signer* signer) = 0;
  // The receiver wants nothing more for now (back-pressure), and wants more again.
  virtual void pause(Receiver& receiver) = 0;
  virtual void resume(Receiver& receiver) = 0;
  // Gives up one exchange: its done() is called with kStopped in the next step(), and nothing else of it before.
  virtual void cancel(Receiver& receiver) = 0;
  // The exchange waits until its host is asked again; and whether one that is started now would.
  virtual bool is_waiting(const Receiver&) const { return false; }
  virtual bool is_pausing(std::string_view) const { return false; }
  // Exchanges that were started and are not done; those that wait for their next attempt count.
  virtual std::size_t running() const = 0;
  // Works on what was started until an exchange is done or begins to wait for its host, `wake_fd` (if not -1) became
  // readable, the deadline passed, or there is nothing left to wait for. A stop ends all exchanges and is returned as
  // kStopped. start(), pause(), resume() and cancel() may be called from within a receiver; call() and step() may not.
  // A client that is destroyed drops its exchanges and calls nobody.
  virtual Result<void> step(std::chrono::steady_clock::time_point deadline, int wake_fd,
                            const std::stop_token& stop) = 0;
};

// Proxies and certificate authorities come from the environment as libcurl and its users know them: http_proxy,
// https_proxy, no_proxy, SSL_CERT_FILE, CURL_CA_BUNDLE, AWS_CA_BUNDLE.
Result<std::unique_ptr<Client>> make_client(ClientOptions options);

// Pieces of an absolute http or https URL, as they are written (not decoded). kBadInput for anything else, for a user
// name or password in it, and for bytes that are not percent-encoded and should be; the message never has the query.
struct Url {
  std::string scheme;  // lower case
  std::string host;    // lower case, with ":port" where the URL has one that is not the scheme's own: the Host header
  std::string path;    // with its leading '/'; "/" if there is none
  std::string query;   // without '?'
};
Result<Url> parse_url(std::string_view text);

// RFC 3986: everything but unreserved characters as %XX; `kept` is left as it is ("/" for a path).
std::string percent_encode(std::string_view bytes, std::string_view kept = "");
// None: a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

// "Sun, 06 Nov 1994 08:49:37 GMT" and the older forms of RFC 9110, 5.6.7.
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

}  // namespace quern::http
