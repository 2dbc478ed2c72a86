#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

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

}  // namespace quern::mail
