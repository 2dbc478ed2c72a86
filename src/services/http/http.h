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
#include "model/limits.h"

// An HTTP client on top of libcurl's multi interface: it reuses connections, delivers answers as they arrive, and
// repeats failed attempts. A Client belongs to one thread and does all its work inside call() and step().

namespace quern::limits {

// A transfer has stalled if it is slower than this rate for this long.
inline constexpr std::chrono::seconds kSlowWindow{30};
inline constexpr std::uint64_t kLeastBytesPerSecond = 1 * kKiB;

}  // namespace quern::limits

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
  std::string url;  // absolute and percent-encoded; sent exactly as it is
  std::vector<Header> headers;
  std::string body;
  std::optional<ByteRange> range;
  // For start(): allows gzip for the body and decodes it on the way, as call() always does. Cannot be combined with a
  // range.
  bool decodes = false;
  // If not 0: makes a single attempt, which may take this long. For requests whose answer is optional.
  std::chrono::milliseconds longest{0};
  // Delivers an answer of 300 or above as a Response, or to a receiver as an accepted answer, instead of as an error,
  // and does not follow redirects: for callers that need its headers and body. The retry policy still applies; the last
  // answer is then delivered. Only exchanges without an answer are errors.
  bool keeps_refusals = false;
};

// The status and headers of an answer; the last one if redirects were followed.
struct Head {
  int status = 0;
  std::vector<Header> headers;  // names in lower case
  std::string url;              // the URL that answered, after redirects, without its query

  // Returns the value of the header, or nullopt. `name` is in lower case.
  std::optional<std::string_view> header(std::string_view name) const;
};

// For a refusal that a Receiver explains, the body is only its beginning.
struct Response {
  Head head;
  std::string body;
};

// Completes a request before each attempt: a signature contains a date, so it cannot be used for a second attempt.
// Called again for each redirect to the same origin; what it added is never sent to another origin. Called on the
// client's thread.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual Result<void> sign(Request& request) = 0;
};

// Which attempts are repeated: connection errors, 408, 429, 500, 502, 503, 504. Waits follow exponential back-off with
// full jitter (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/); a Retry-After counts
// if it is longer.
// All exchanges with a host that is busy or unavailable share one pause (host_pause.h).
struct RetryPolicy {
  std::size_t attempts = 5;
  // If not 0, and more than one attempt is allowed: requests to such a host are repeated for this long, however many
  // attempts that takes. If the host serves other requests in the meantime, they are repeated at least until the
  // attempts are used up.
  std::chrono::milliseconds patience{0};
  // Whether a 500 means, as a 503 does, that the host is in trouble, and not that it cannot handle this request.
  bool errors_are_trouble = false;
  std::chrono::milliseconds first_wait{200};
  std::chrono::milliseconds longest_wait{20000};
};

struct Timeouts {
  std::chrono::milliseconds connect{15000};
  std::chrono::milliseconds stall{60000};  // without a byte in either direction
  // For an answer that has begun: fewer bytes in this time than limits::kLeastBytesPerSecond allows are a stall too.
  std::chrono::milliseconds slow_window{limits::kSlowWindow};
  std::chrono::milliseconds total{0};  // for one attempt; 0: unlimited
};

// Is notified of hosts that exchanges wait for (RetryPolicy::patience). Called on the client's thread, from within
// call() and step().
class HostListener {
 public:
  virtual ~HostListener() = default;
  // The host ("https://host:port") is busy or unavailable. `why` is the error of an attempt that began at `begun`; the
  // host is asked again at `next`.
  virtual void waits(const std::string& host, const Error& why, std::chrono::steady_clock::time_point begun,
                     std::chrono::steady_clock::time_point next) = 0;
  // The host was in trouble and has begun an answer.
  virtual void serves(const std::string& /*host*/) {}
};

struct ClientOptions {
  RetryPolicy retry = {};
  HostListener* listener = nullptr;  // borrowed
  Timeouts timeouts = {};
  std::string user_agent = "quern";
  // false: ignores proxies from the environment, for servers in the local network such as this machine's metadata
  // service
  bool uses_proxies = true;
  // true: a redirect may lead from a public address to a private one, and to TASKCLUSTER_PROXY_URL (see redirects.h)
  bool private_redirects = false;
  // The longest answer that call() accepts; a longer one is kBadInput.
  std::size_t most_body_bytes = 64ULL << 20;
};

// Receives the answer to one streamed request. Called on the client's thread, from within step().
class Receiver {
 public:
  virtual ~Receiver() = default;
  // The answer of an attempt begins: a 200, 203 or 206, or with keeps_refusals any answer that is not repeated. An
  // error ends the request with that error, without another attempt.
  virtual Result<void> begin(const Head& head) = 0;
  // Receives the next bytes of the body. An error ends the request with that error.
  virtual Result<void> take(std::string_view bytes) = 0;
  // An attempt failed and another will follow; the receiver may change what is requested. Returns false if the request
  // cannot be repeated.
  virtual bool again(Request& request) = 0;
  // A refusal ends the request. Returns the error that explains it, or nullopt to use the client's explanation.
  virtual std::optional<Error> refused(const Response&) { return std::nullopt; }
  // Called exactly once, as the last function. If there is no error, the complete answer was delivered.
  virtual void done(Result<Head> outcome) = 0;
};

// Errors of call() and start(): kNotFound for 404 and 410, kDenied for 401 and 403, kRetry if all attempts failed (with
// the reason of the last failure), kBadInput for any other refusal, kStopped. Error::code is the HTTP status. The
// message names the method, host and path, but never the query, which may contain a signature; for an S3 error document
// it also has its Code, Message and RequestId.
class Client {
 public:
  virtual ~Client() = default;

  // Performs one exchange whose answer fits in memory, with retries. Any status below 300 is a success; others are
  // errors. `signer` may be nullptr. Blocks.
  virtual Result<Response> call(const Request& request, Signer* signer, const std::stop_token& stop) = 0;

  // Begins an exchange that continues in step(). `receiver` and `signer` are borrowed until done() has been called.
  virtual void start(Request request, Receiver& receiver, Signer* signer) = 0;
  // pause() stops delivery to the receiver for now (back-pressure); resume() continues it.
  virtual void pause(Receiver& receiver) = 0;
  virtual void resume(Receiver& receiver) = 0;
  // Cancels one exchange: its done() is called with kStopped in the next step(), and none of its other functions is
  // called before.
  virtual void cancel(Receiver& receiver) = 0;
  // is_waiting(): whether the exchange waits for a pause of its host to end. is_pausing(): whether a new exchange
  // would.
  virtual bool is_waiting(const Receiver&) const { return false; }
  virtual bool is_pausing(std::string_view) const { return false; }
  // The number of exchanges that were started and have not ended, including those that wait for their next attempt.
  virtual std::size_t running() const = 0;
  // Works on the exchanges until one of them ends or begins to wait for its host, `wake_fd` (if not -1) becomes
  // readable, the deadline passes, or there is nothing left to wait for. A stop request ends all exchanges and is
  // returned as kStopped. A receiver may call start(), pause(), resume() and cancel(), but not call() and step().
  // Destroying a client drops its exchanges without calling their receivers.
  virtual Result<void> step(std::chrono::steady_clock::time_point deadline, int wake_fd,
                            const std::stop_token& stop) = 0;
};

// Proxies and certificate authorities come from the environment variables that libcurl uses: http_proxy, https_proxy,
// no_proxy, SSL_CERT_FILE, CURL_CA_BUNDLE, AWS_CA_BUNDLE.
Result<std::unique_ptr<Client>> make_client(ClientOptions options);

// The parts of an absolute http or https URL, not decoded. kBadInput for anything else, for a URL with a user name or
// password, and for bytes that should be percent-encoded and are not; the message never contains the query.
struct Url {
  std::string scheme;  // lower case
  std::string host;    // lower case, with ":port" if the URL has one other than the scheme's default: the Host header
  std::string path;    // with its leading '/'; "/" if the URL has none
  std::string query;   // without the '?'
};
Result<Url> parse_url(std::string_view text);

// Parses "Sun, 06 Nov 1994 08:49:37 GMT" and the older forms of RFC 9110, 5.6.7.
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

}  // namespace quern::http
