#include "services/http/redirects.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string>

#include "services/http/url.h"

namespace quern::http {
namespace {

constexpr std::string_view kWayOut = "; downloads.private_redirects: yes allows it";

struct Network {
  std::uint32_t address;
  int bits;
};
constexpr std::array<Network, 7> kPrivateNetworks = {{{0x00000000, 8},     // this network
                                                      {0x0A000000, 8},     // RFC 1918
                                                      {0x64400000, 10},    // RFC 6598
                                                      {0x7F000000, 8},     // loopback
                                                      {0xA9FE0000, 16},    // link-local
                                                      {0xAC100000, 12},    // RFC 1918
                                                      {0xC0A80000, 16}}};  // RFC 1918

bool is_private(std::uint32_t address) {
  for (const Network& network : kPrivateNetworks) {
    if ((address ^ network.address) >> (32 - network.bits) == 0) return true;
  }
  return false;
}

bool is_private(const in6_addr& address) {
  const std::uint8_t* bytes = address.s6_addr;
  const std::uint32_t last = std::uint32_t{bytes[12]} << 24 | std::uint32_t{bytes[13]} << 16 |
                             std::uint32_t{bytes[14]} << 8 | std::uint32_t{bytes[15]};
  constexpr std::array<std::uint8_t, 12> kNat64 = {0x00, 0x64, 0xFF, 0x9B};
  const bool is_of_nat64 = std::string_view(reinterpret_cast<const char*>(bytes), kNat64.size()) ==
                           std::string_view(reinterpret_cast<const char*>(kNat64.data()), kNat64.size());
  if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address) || is_of_nat64) return is_private(last);
  return IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LINKLOCAL(&address) ||
         IN6_IS_ADDR_SITELOCAL(&address) || (bytes[0] & 0xFEU) == 0xFC;
}

// Returns nullopt if only a resolver can know.
std::optional<bool> is_private_host(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  // Also accepts the older notations of an address: 127.1, 0x7f000001.
  in_addr old{};
  if (::inet_aton(std::string(host).c_str(), &old) != 0) return is_private(ntohl(old.s_addr));
  if (!host.starts_with('[')) return std::nullopt;
  return is_private_address(host.substr(1, host.size() - 2));
}

struct Server {
  std::string_view host;
  int port;
};
Server server_of(const Url& url) {
  const std::size_t colon = url.host.rfind(':');
  Server server{.host = url.host, .port = url.scheme == "https" ? 443 : 80};
  if (colon == std::string::npos || url.host.find(']', colon) != std::string::npos) return server;
  server.host = std::string_view(url.host).substr(0, colon);
  std::from_chars(url.host.data() + colon + 1, url.host.data() + url.host.size(), server.port);
  return server;
}

Error refused(const Url& target, std::string_view why) {
  std::string message = "redirected to ";
  message.append(shown(target)).append(why).append(kWayOut);
  return Error{.kind = ErrorKind::kDenied, .message = std::move(message)};
}

Error leads_inside(const Url& target) {
  return refused(target, ", which is in this machine's own network; a server outside of it may not lead there");
}

}  // namespace

bool is_private_address(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) == 1) return is_private(six);
  in_addr four{};
  return ::inet_pton(AF_INET, text.c_str(), &four) == 1 && is_private(ntohl(four.s_addr));
}

Result<void> RedirectWatch::check_target(const Url& origin, const Url& target) const {
  if (rules_.private_redirects) return {};
  const bool is_task_proxy = rules_.task_proxy.has_value() && is_same_origin(*rules_.task_proxy, target);
  if (is_task_proxy && !is_same_origin(origin, target)) {
    return refused(target, ", the proxy that signs requests with the rights of this task");
  }
  if (was_public_ && is_private_host(server_of(target).host).value_or(false)) return leads_inside(target);
  return {};
}

Result<void> RedirectWatch::check_connection(const Url& url, std::string_view address, int port) {
  const Server server = server_of(url);
  const bool is_proxied = port != server.port;
  const bool is_inside = is_private_host(server.host).value_or(!is_proxied && is_private_address(address));
  if (is_inside && was_public_ && !rules_.private_redirects) return leads_inside(url);
  was_public_ = was_public_ || !is_inside;
  return {};
}

}  // namespace quern::http
