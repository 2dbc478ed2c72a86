#include "services/mail/smtp.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/environment.h"
#include "base/shown_url.h"
#include "base/task_group.h"
#include "base/text.h"

namespace quern::mail {
namespace {

constexpr int kMostPort = 65535;

Error bad(std::string why) {
  return bad_config(std::move(why) +
                    "; it is written smtp://USER:PASSWORD@HOST:PORT or smtps://..., where "
                    "special characters of user and password are percent-encoded");
}

// Returns nullopt if a '%' is not followed by two hexadecimal digits, or encodes a control character, which servers do
// not accept and which could end a line.
std::optional<std::string> decode(std::string_view text) {
  auto decoded = percent_decode(text);
  if (decoded.has_value() && std::any_of(decoded->begin(), decoded->end(), is_control)) decoded.reset();
  return decoded;
}

bool is_host(std::string_view host) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.size() < 4) return false;
    host = host.substr(1, host.size() - 2);
    return std::all_of(host.begin(), host.end(), [&](char c) { return is_letter(c) || c == ':' || c == '.'; });
  }
  return !host.empty() && std::all_of(host.begin(), host.end(),
                                      [&](char c) { return is_letter(c) || c == '-' || c == '.' || c == '_'; });
}

Result<void> set_user(std::string_view text, SmtpServer& server) {
  const std::size_t colon = text.find(':');
  auto user = decode(text.substr(0, colon));
  auto password = colon == std::string_view::npos ? std::nullopt : decode(text.substr(colon + 1));
  if (colon == std::string_view::npos || text.size() == colon + 1) return bad("it has a user and no password");
  if (!user.has_value() || user->empty()) return bad("its user is empty or not percent-encoded correctly");
  if (!password.has_value()) return bad("its password is not percent-encoded correctly");
  server.user = std::move(*user);
  server.password = Secret(std::move(*password));
  return {};
}

Result<void> set_host(std::string_view text, SmtpServer& server) {
  std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) != std::string_view::npos)
    colon = std::string_view::npos;
  const std::string_view host = text.substr(0, colon);
  if (!is_host(host)) return bad("it has no valid host name");
  server.host = host;
  if (colon == std::string_view::npos) return {};
  const std::string_view port = text.substr(colon + 1);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), server.port);
  const bool is_port = parsed.ec == std::errc() && parsed.ptr == port.data() + port.size();
  if (!is_port || server.port < 1 || server.port > kMostPort) return bad("its port is not a number from 1 to 65535");
  return {};
}

int usual_port(const SmtpServer& server) {
  if (server.is_tls) return 465;
  return server.user.empty() ? 25 : 587;
}

}  // namespace

Result<SmtpServer> parse_smtp_url(std::string_view text) {
  SmtpServer server;
  const std::size_t scheme_end = text.find("://");
  std::string scheme(text.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (scheme != "smtp" && scheme != "smtps") return bad("it does not begin with smtp:// or smtps://");
  server.is_tls = scheme == "smtps";
  std::string_view rest = text.substr(scheme_end + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  // A password may contain an @ that was not encoded; a host cannot.
  const std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    TRY(set_user(rest.substr(0, at), server));
    rest.remove_prefix(at + 1);
  }
  TRY(set_host(rest, server));
  if (server.port == 0) server.port = usual_port(server);
  return server;
}

namespace {

constexpr int kFirstTransient = 400;
constexpr int kFirstPermanent = 500;

std::string name_of(const SmtpServer& server) {
  return (server.is_tls ? "smtps://" : "smtp://") + server.host + ":" + std::to_string(server.port);
}

std::string with_crlf(std::string_view message) {
  std::string lines;
  lines.reserve(message.size() + message.size() / 32);
  for (char c : message) {
    if (c == '\n') lines += '\r';
    lines += c;
  }
  return lines;
}

// Makes a line from a server safe for a message: one line, ASCII, and not too long.
std::string shown(std::string_view line) {
  std::string text;
  for (char c : line.substr(0, limits::kMaxErrorTextBytes)) text += c >= ' ' && c <= '~' ? c : '?';
  return text;
}

// Follows the replies of the server.
//
// libcurl continues without TLS if a server offers STARTTLS and then refuses it. This class detects that: the reply
// after the one that offers STARTTLS must be 220.
class Replies {
 public:
  // Reads one line with its line end. Returns false to abort the attempt.
  bool take(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    const bool is_end = line.size() >= 4 && line[3] == ' ';
    if (is_starttls_next_ && !is_tls_) {
      is_tls_ = true;
      refused_starttls_ = !line.starts_with("220");
    }
    if (starts_with_ignoring_case(line.substr(std::min<std::size_t>(line.size(), 4)), "STARTTLS")) offered_ = true;
    if (is_end && offered_) is_starttls_next_ = true;
    // The reply to the QUIT after a refusal does not contain the reason.
    if (!line.starts_with("221")) last_ = line;
    return !refused_starttls_;
  }
  void begin_with_tls() { is_tls_ = true; }

  bool refused_starttls() const { return refused_starttls_; }
  const std::string& last() const { return last_; }
  int last_code() const {
    int code = 0;
    std::from_chars(last_.data(), last_.data() + last_.size(), code);
    return code;
  }

 private:
  bool is_tls_ = false;  // TLS is active or about to start
  bool offered_ = false;
  bool is_starttls_next_ = false;
  bool refused_starttls_ = false;
  std::string last_;
};

// One connection that sends one mail.
class Attempt {
 public:
  Attempt(const SmtpServer& server, const Envelope& envelope, std::string_view message, const std::stop_token& stop)
      : server_(server), envelope_(envelope), message_(message), stop_(stop), easy_(::curl_easy_init()) {
    CHECK(easy_ != nullptr);
  }
  ~Attempt() {
    ::curl_easy_cleanup(easy_);
    ::curl_slist_free_all(recipients_);
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  Result<void> run(const SmtpPatience& patience);

 private:
  template <typename T>
  void set(CURLoption option, T value) {
    ::curl_easy_setopt(easy_, option, value);
  }
  Result<void> set_server(const SmtpPatience& patience);
  void set_login();
  void set_mail();
  Error explain(CURLcode code) const;
  Error explain_reply(CURLcode code, int reply) const;

  static std::size_t on_reply(char* bytes, std::size_t, std::size_t count, void* attempt) {
    return static_cast<Attempt*>(attempt)->replies_.take({bytes, count}) ? count : 0;
  }
  static std::size_t on_read(char* target, std::size_t, std::size_t count, void* attempt) {
    auto& self = *static_cast<Attempt*>(attempt);
    const std::size_t bytes = std::min(count, self.message_.size() - self.sent_);
    self.message_.copy(target, bytes, self.sent_);
    self.sent_ += bytes;
    return bytes;
  }
  static std::size_t on_body(char*, std::size_t, std::size_t count, void*) { return count; }
  static int on_progress(void* attempt, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Attempt*>(attempt)->stop_.stop_requested() ? 1 : 0;
  }

  const SmtpServer& server_;
  const Envelope& envelope_;
  const std::string_view message_;
  const std::stop_token& stop_;
  CURL* const easy_;
  curl_slist* recipients_ = nullptr;
  std::size_t sent_ = 0;
  Replies replies_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
};

Result<void> Attempt::run(const SmtpPatience& patience) {
  TRY(set_server(patience));
  set_login();
  set_mail();
  const CURLcode code = ::curl_easy_perform(easy_);
  if (code == CURLE_OK) return {};
  return explain(code);
}

Result<void> Attempt::set_server(const SmtpPatience& patience) {
  TRY_ASSIGN(std::string authorities, certificate_authorities({"CURL_CA_BUNDLE", "SSL_CERT_FILE"}));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(CURLOPT_URL, name_of(server_).c_str());
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!authorities.empty()) set(CURLOPT_CAINFO, authorities.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(patience.connect.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(patience.attempt.count()));
  set(CURLOPT_ERRORBUFFER, reason_.data());
  set(CURLOPT_HEADERFUNCTION, on_reply);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, on_progress);
  set(CURLOPT_XFERINFODATA, this);
  if (server_.is_tls) replies_.begin_with_tls();
  return {};
}

void Attempt::set_login() {
  const bool has_login = !server_.user.empty();
  set(CURLOPT_USE_SSL, static_cast<long>(has_login ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!has_login) return;
  set(CURLOPT_USERNAME, server_.user.c_str());
  Secret password = server_.password.copy();
  set(CURLOPT_PASSWORD, std::string(password.reveal()).c_str());
}

void Attempt::set_mail() {
  recipients_ = ::curl_slist_append(nullptr, ("<" + envelope_.to + ">").c_str());
  set(CURLOPT_MAIL_FROM, ("<" + envelope_.from + ">").c_str());
  set(CURLOPT_MAIL_RCPT, recipients_);
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message_.size()));
  set(CURLOPT_READFUNCTION, on_read);
  set(CURLOPT_READDATA, this);
}

Error Attempt::explain_reply(CURLcode code, int reply) const {
  if (code == CURLE_LOGIN_DENIED) {
    // Without the server's text, which could repeat what was sent to it.
    return {.kind = reply < kFirstPermanent && reply >= kFirstTransient ? ErrorKind::kRetry : ErrorKind::kDenied,
            .message = "it refuses the user name or the password (reply " + std::to_string(reply) + ")"};
  }
  return {.kind = reply < kFirstPermanent ? ErrorKind::kRetry : ErrorKind::kBadInput,
          .message = "it refuses the mail: " + shown(replies_.last())};
}

Error Attempt::explain(CURLcode code) const {
  if (stop_.stop_requested()) return {.kind = ErrorKind::kStopped, .message = "stopped"};
  if (replies_.refused_starttls()) {
    return {.kind = ErrorKind::kDenied,
            .message = "it offers STARTTLS and then refuses it: " + shown(replies_.last()) + "; nothing was sent"};
  }
  if (code == CURLE_USE_SSL_FAILED) {
    return {.kind = ErrorKind::kDenied,
            .message =
                "it does not offer STARTTLS, and a password is sent through TLS only; smtps:// is for a server "
                "that begins with TLS"};
  }
  const bool is_refusal = replies_.last_code() >= kFirstTransient && code != CURLE_OPERATION_TIMEDOUT;
  if (is_refusal) return explain_reply(code, replies_.last_code());
  Error error{.kind = ErrorKind::kRetry, .message = ::curl_easy_strerror(code)};
  if (reason_.front() != '\0') error.message += " (" + shown_reason(shown(reason_.data())) + ")";
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    error.kind = ErrorKind::kDenied;
    error.message += certificate_advice(reason_.data());
  } else if (sent_ == message_.size()) {
    error.kind = ErrorKind::kBadInput;
    error.message += ", after the whole mail was sent: it may have arrived or not";
  }
  return error;
}

Result<void> initialise_libcurl() {
  static const CURLcode code = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code == CURLE_OK) return {};
  return Error{.kind = ErrorKind::kInternal, .message = std::string("starting libcurl: ") + ::curl_easy_strerror(code)};
}

}  // namespace

Result<void> send_by_smtp(const SmtpServer& server, const Envelope& envelope, std::string_view message,
                          const std::stop_token& stop, const SmtpPatience& patience) {
  TRY(initialise_libcurl());
  const std::string lines = with_crlf(message);
  for (std::size_t attempt = 1;; ++attempt) {
    auto sent = Attempt(server, envelope, lines, stop).run(patience);
    if (sent.ok()) return {};
    const bool may_be_repeated = sent.error().kind == ErrorKind::kRetry && attempt < patience.attempts;
    if (!may_be_repeated || !wait_for(patience.wait, stop)) return std::move(sent).context(name_of(server));
  }
}

}  // namespace quern::mail
