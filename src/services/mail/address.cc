#include <algorithm>
#include <cstddef>

#include "base/parts.h"
#include "model/limits.h"
#include "services/mail/mail.h"

namespace quern::mail {
namespace {

// Whether RFC 5322 allows the character in an address without quotes.
bool is_atom(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Shows the address only if that is safe: it may contain anything.
Error refuse(std::string_view address, std::string_view why) {
  bool is_shown = address.size() <= limits::kMaxMailAddress &&
                  std::all_of(address.begin(), address.end(), [](char c) { return c >= ' ' && c <= '~'; });
  std::string message = "the address";
  if (is_shown) message.assign("'").append(address).append("'");
  message.append(" ").append(why).append("; write one address and nothing else, as in jane@example.com");
  return bad_config(std::move(message));
}

// Parts separated by dots.
bool is_local_part(std::string_view text) {
  return each_part(
      text, '.', [](std::string_view part) { return !part.empty() && std::all_of(part.begin(), part.end(), is_atom); });
}

}  // namespace

Result<void> check_address(std::string_view address) {
  if (address.empty()) return refuse(address, "is empty");
  if (address.size() > limits::kMaxMailAddress) return refuse(address, "is too long");
  const std::size_t at = address.find('@');
  const std::string_view local = address.substr(0, at);
  if (!is_local_part(local)) return refuse(address, "has something before its @ that cannot be part of an address");
  // A mail program could mistake it for an option.
  if (local.front() == '-') return refuse(address, "begins with a hyphen");
  if (at == std::string_view::npos) return {};
  const std::string_view host = address.substr(at + 1);
  if (!is_host_name(host)) return refuse(address, "has something after its @ that is not a host name");
  return {};
}

Result<void> check_full_address(std::string_view address) {
  TRY(check_address(address));
  const std::size_t at = address.find('@');
  if (at != std::string_view::npos && address.find('.', at) != std::string_view::npos) return {};
  return refuse(address, "has no dot after its @, and Taskcluster sends mail to no other addresses");
}

}  // namespace quern::mail
