#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/limits.h"
#include "services/mail/smtp_url.h"

namespace quern::mail {

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
