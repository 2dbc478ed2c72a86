#include "services/mail/smtp_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/encoding.h"
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

}  // namespace quern::mail
