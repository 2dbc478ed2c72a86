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
  std::chrono::milliseconds attempt = limits::kMailTimeout;  // all of one
  std::chrono::milliseconds connect = limits::kMailConnectTimeout;
};

// Sends the message (lines that end in '\n', as make_message() gives it) through the server, by libcurl. Blocks until
// the server has taken it.
//
// TLS by STARTTLS is used where the server offers it; a password is never sent without TLS. The server's certificate is
// checked; CURL_CA_BUNDLE and SSL_CERT_FILE name other authorities, and ALL_PROXY and NO_PROXY a proxy.
//
// Errors name the server, and never the password. What may be over soon (no connection, a reply of 4xx) is tried again,
// unless the server has got the whole message and may have taken it. kRetry: that was in vain; kDenied: the server
// refuses the user, or nothing may be sent to it; kBadInput: it refuses the mail; kBadConfig: a file of authorities is
// not there; kStopped.
Result<void> send_by_smtp(const SmtpServer& server, const Envelope& envelope, std::string_view message,
                          const std::stop_token& stop, const SmtpPatience& patience = {});

}  // namespace quern::mail
