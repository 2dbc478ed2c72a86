#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace quern::mail {

// A mail server, and as whom to send through it. Move-only, as what it holds is secret.
struct SmtpServer {
  bool is_tls = false;  // TLS from the first byte (smtps), and not by STARTTLS
  std::string host;     // as in a URL: an IPv6 address has its brackets
  int port = 0;
  std::string user = {};  // "": nobody in particular
  Secret password = {};
};

// smtp://user:password@host:587 or smtps://host, with user and password percent-encoded. Without a port: 465 for smtps,
// 587 for smtp with a user (RFC 6409), else 25. kBadConfig, never with a part of the text: what is wrong.
Result<SmtpServer> parse_smtp_url(std::string_view text);

}  // namespace quern::mail
