#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "model/limits.h"

namespace quern::mail {

// A mail server, and the user to log in as. Move-only, because it contains a secret.
struct SmtpServer {
  bool is_tls = false;  // TLS from the first byte (smtps) instead of STARTTLS
  std::string host;     // as in a URL: an IPv6 address is in brackets
  int port = 0;
  std::string user = {};  // "": no login
  Secret password = {};
};

// Parses smtp://user:password@host:587 or smtps://host, with user and password percent-encoded. The default port is 465
// for smtps, 587 for smtp with a user (RFC 6409), else 25. kBadConfig, with the problem but without any part of the
// text.
Result<SmtpServer> parse_smtp_url(std::string_view text);

struct Envelope {
  std::string from;
  std::string to;
};

struct SmtpPatience {
  std::size_t attempts = limits::kMailAttempts;
  std::chrono::milliseconds wait = limits::kMailRetryWait;   // between two attempts
  std::chrono::milliseconds attempt = limits::kMailTimeout;  // for one attempt as a whole
  std::chrono::milliseconds connect = limits::kMailConnectTimeout;
};

// Sends the message (lines that end in '\n', as from make_message()) through the server, using libcurl. Blocks until
// the server has accepted it.
//
// Uses STARTTLS if the server offers it, and never sends a password without TLS. Checks the server's certificate;
// CURL_CA_BUNDLE and SSL_CERT_FILE name other authorities, ALL_PROXY and NO_PROXY a proxy.
//
// Errors name the server but never the password. A failure that may be temporary (no connection, a 4xx reply) is
// retried, unless the server has received the whole message and may have accepted it. kRetry: all attempts failed;
// kDenied: the server refuses the user, or sending to it is not permitted; kBadInput: it refuses the mail; kBadConfig:
// a file of authorities does not exist; kStopped.
Result<void> send_by_smtp(const SmtpServer& server, const Envelope& envelope, std::string_view message,
                          const std::stop_token& stop, const SmtpPatience& patience = {});

}  // namespace quern::mail
