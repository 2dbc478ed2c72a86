#include "services/http/wire.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "base/shown_url.h"
#include "base/text.h"
#include "model/limits.h"

namespace quern::http {
namespace {

// The size of libcurl's receive buffer of each connection.
constexpr std::size_t kHttpBufferBytes = 256 * limits::kKiB;

}  // namespace

// An easy handle and what it borrows. Handles are reused with their options, buffers and address caches.
class Transfer {
 public:
  Transfer() : easy(::curl_easy_init()) {}
  ~Transfer() {
    ::curl_easy_cleanup(easy);
    ::curl_slist_free_all(headers);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy;
  curl_slist* headers = nullptr;
  Exchange* exchange = nullptr;
  bool broke_off = false;  // whether the exchange aborted it
  std::array<char, CURL_ERROR_SIZE> reason{};
};

namespace {

int on_connection(void* transfer_pointer, char* address, char*, int port, int) {
  auto* transfer = static_cast<Transfer*>(transfer_pointer);
  auto taken = without_exceptions([&]() -> Result<bool> { return transfer->exchange->connected(address, port); });
  if (taken.ok() && taken.value()) return CURL_PREREQFUNC_OK;
  transfer->broke_off = true;
  return CURL_PREREQFUNC_ABORT;
}

std::size_t on_head_line(char* bytes, std::size_t, std::size_t count, void* transfer_pointer) {
  auto* transfer = static_cast<Transfer*>(transfer_pointer);
  // Exceptions must not pass through libcurl. Accepting no bytes makes this attempt fail.
  auto taken = without_exceptions([&]() -> Result<bool> { return transfer->exchange->head_line({bytes, count}); });
  if (!taken.ok()) return 0;
  if (taken.value()) return count;
  transfer->broke_off = true;
  return 0;
}

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* transfer_pointer) {
  auto* transfer = static_cast<Transfer*>(transfer_pointer);
  auto taken = without_exceptions([&]() -> Result<Exchange::Taken> {
    return transfer->exchange->body({bytes, count});
  });
  if (!taken.ok()) return CURL_WRITEFUNC_ERROR;
  switch (taken.value()) {
    case Exchange::Taken::kAll:
      return count;
    case Exchange::Taken::kNothing:
      return CURL_WRITEFUNC_PAUSE;
    case Exchange::Taken::kBreakOff:
      break;
  }
  transfer->broke_off = true;
  return 0;
}

Result<void> initialise_libcurl() {
  static const CURLcode code = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code == CURLE_OK) return {};
  return Error{.kind = ErrorKind::kInternal, .message = std::string("starting libcurl: ") + ::curl_easy_strerror(code)};
}

bool may_be_repeated(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PROXY:
      return true;
    default:
      return false;
  }
}

WireFailure to_failure(CURLcode code, const char* reason) {
  WireFailure failure{.error = {.kind = ErrorKind::kBadInput}, .may_be_repeated = may_be_repeated(code)};
  failure.error.message = ::curl_easy_strerror(code);
  if (*reason != '\0') failure.error.message += " (" + shown_reason(reason) + ")";
  if (failure.may_be_repeated) failure.error.kind = ErrorKind::kRetry;
  if (code == CURLE_OUT_OF_MEMORY) failure.error.kind = ErrorKind::kNoSpace;
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    failure.error.message += certificate_advice(reason);
  }
  return failure;
}

// Returns "Name: value"; libcurl sends a header without a value only if it is written as "Name;".
Result<std::string> header_line(const Header& header) {
  bool is_broken = (header.name + header.value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
  if (is_broken || header.name.empty() || header.name.find_first_of(":; ") != std::string::npos) {
    return bad_input("a header named '" + header.name + "' cannot be sent");
  }
  return header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
}

Error multi_error(CURLMcode code) {
  return Error{.kind = ErrorKind::kInternal, .message = std::string("libcurl: ") + ::curl_multi_strerror(code)};
}

void set_method(Transfer& transfer, const Request& request) {
  CURL* easy = transfer.easy;
  ::curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  bool sends_body = !request.body.empty() || request.method == "POST" || request.method == "PUT";
  if (sends_body) {
    ::curl_easy_setopt(easy, CURLOPT_POST, 1L);
    ::curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    ::curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  } else if (request.method == "HEAD") {
    ::curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  bool is_plain = request.method == "HEAD" || request.method == (sends_body ? "POST" : "GET");
  ::curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_plain ? nullptr : request.method.c_str());
}

Result<void> set_request(Transfer& transfer, const Request& request, bool decodes) {
  CURL* easy = transfer.easy;
  set_method(transfer, request);
  if (::curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str()) != CURLE_OK) {
    return bad_input("libcurl does not take the URL");
  }
  // Requests "identity" explicitly: without the header a server may use any encoding.
  ::curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, decodes ? "gzip" : nullptr);
  std::vector<Header> headers = request.headers;
  if (!decodes) headers.push_back({"Accept-Encoding", "identity"});
  if (request.range.has_value()) {
    std::uint64_t last = request.range->first + request.range->count - 1;
    headers.push_back({"Range", "bytes=" + std::to_string(request.range->first) + "-" + std::to_string(last)});
  }
  ::curl_slist_free_all(std::exchange(transfer.headers, nullptr));
  for (const Header& header : headers) {
    TRY_ASSIGN(std::string line, header_line(header));
    transfer.headers = ::curl_slist_append(transfer.headers, line.c_str());
  }
  auto has = [&](std::string_view name) {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const Header& header) { return equals_ignoring_case(name, header.name); });
  };
  // Suppress what libcurl would add by itself: a pause of one second before a long body, and a content type.
  if (!has("expect")) transfer.headers = ::curl_slist_append(transfer.headers, "Expect:");
  if (!has("content-type")) transfer.headers = ::curl_slist_append(transfer.headers, "Content-Type:");
  ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);
  return {};
}

}  // namespace

Result<std::unique_ptr<Wire>> Wire::make(const ClientOptions& options) {
  TRY(initialise_libcurl());
  TRY_ASSIGN(std::string file, certificate_authorities({"AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}));
  return std::unique_ptr<Wire>(new Wire(options, std::move(file)));
}

Wire::Wire(ClientOptions options, std::string authorities)
    : options_(std::move(options)), authorities_(std::move(authorities)), multi_(::curl_multi_init()) {}

Wire::~Wire() {
  for (auto& transfer : busy_) ::curl_multi_remove_handle(multi_, transfer->easy);
  busy_.clear();
  idle_.clear();
  ::curl_multi_cleanup(multi_);
}

std::unique_ptr<Transfer> Wire::make_transfer() const {
  auto transfer = std::make_unique<Transfer>();
  CURL* easy = transfer->easy;
  CHECK(easy != nullptr);
  ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // No multiplexing: several connections use the bandwidth better than one shared connection.
  ::curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  // Send exactly what was signed, including dot segments.
  ::curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  ::curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, static_cast<long>(kHttpBufferBytes));
  ::curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  ::curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // An empty proxy name disables proxies, whatever the environment specifies.
  if (!options_.uses_proxies) ::curl_easy_setopt(easy, CURLOPT_PROXY, "");
  ::curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.timeouts.connect.count()));
  ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeouts.total.count()));
  if (!authorities_.empty()) ::curl_easy_setopt(easy, CURLOPT_CAINFO, authorities_.c_str());
  ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->reason.data());
  ::curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connection);
  ::curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer.get());
  ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head_line);
  ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.get());
  ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
  ::curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer.get());
  return transfer;
}

std::unique_ptr<Transfer> Wire::take_idle() {
  if (idle_.empty()) return make_transfer();
  auto transfer = std::move(idle_.back());
  idle_.pop_back();
  return transfer;
}

Result<Transfer*> Wire::begin(Exchange& exchange, const Request& request) {
  auto transfer = take_idle();
  TRY(set_request(*transfer, request, exchange.decodes()));
  transfer->exchange = &exchange;
  transfer->broke_off = false;
  transfer->reason[0] = '\0';
  CURLMcode code = ::curl_multi_add_handle(multi_, transfer->easy);
  if (code != CURLM_OK) return multi_error(code);
  busy_.push_back(std::move(transfer));
  return busy_.back().get();
}

void Wire::drop(Transfer* transfer) {
  auto found = std::find_if(busy_.begin(), busy_.end(), [&](const auto& busy) { return busy.get() == transfer; });
  CHECK(found != busy_.end());
  ::curl_multi_remove_handle(multi_, transfer->easy);
  idle_.push_back(std::move(*found));
  busy_.erase(found);
}

void Wire::resume(Transfer* transfer) { ::curl_easy_pause(transfer->easy, CURLPAUSE_CONT); }

void Wire::wake() { ::curl_multi_wakeup(multi_); }

std::uint64_t Wire::sent_bytes(Transfer* transfer) {
  curl_off_t bytes = 0;
  ::curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &bytes);
  return static_cast<std::uint64_t>(bytes);
}

Result<void> Wire::perform() {
  int running = 0;
  CURLMcode code = ::curl_multi_perform(multi_, &running);
  if (code != CURLM_OK) return multi_error(code);
  return {};
}

std::optional<WireEnd> Wire::next_end() {
  int left = 0;
  const CURLMsg* message = ::curl_multi_info_read(multi_, &left);
  if (message == nullptr) return std::nullopt;
  CURLcode code = message->data.result;
  Transfer* transfer = nullptr;
  ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
  WireEnd end{.exchange = *transfer->exchange};
  if (code != CURLE_OK && !transfer->broke_off) end.failure = to_failure(code, transfer->reason.data());
  return end;
}

Result<bool> Wire::poll(std::chrono::milliseconds longest, int wake_fd) {
  curl_waitfd extra{.fd = wake_fd, .events = CURL_WAIT_POLLIN};
  unsigned count = wake_fd >= 0 ? 1 : 0;
  CURLMcode code = ::curl_multi_poll(multi_, &extra, count, static_cast<int>(longest.count()), nullptr);
  if (code != CURLM_OK) return multi_error(code);
  return count == 1 && extra.revents != 0;
}

}  // namespace quern::http
