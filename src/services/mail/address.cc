#include <algorithm>
#include <cstddef>

#include "model/limits.h"
#include "services/mail/mail.h"

namespace quern::mail {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
// What RFC 5322 takes in an address without quotes.
bool is_atom(char c) {
  return is_letter(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}

// Parts of letters, digits and hyphens between these, with dots between the parts.
bool is_domain(std::string_view text) {
  while (true) {
    const std::string_view part = text.substr(0, text.find('.'));
    auto is_right = [](char c) { return is_letter(c) || c == '-'; };
    if (part.empty() || part.front() == '-' || part.back() == '-') return false;
    if (!std::all_of(part.begin(), part.end(), is_right)) return false;
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
  }
}

// Shown only where that cannot do harm: it may hold anything.
Error refuse(std::string_view address, std::string_view why) {
  bool is_shown = address.size() <= limits::kMaxMailAddress &&
                  std::all_of(address.begin(), address.end(), [](char c) { return c >= ' ' && c <= '~'; });
  std::string message = "the address";
  if (is_shown) message.assign("'").append(address).append("'");
  message.append(" ").append(why).append("; write one address and nothing else, as in jane@example.com");
  return bad_config(std::move(message));
}

bool is_dotted(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos;
}

}  // namespace

Result<void> check_address(std::string_view address) {
  if (address.empty()) return refuse(address, "is empty");
  if (address.size() > limits::kMaxMailAddress) return refuse(address, "is too long");
  const std::size_t at = address.find('@');
  const std::string_view local = address.substr(0, at);
  if (!is_dotted(local) || !std::all_of(local.begin(), local.end(), is_atom)) {
    return refuse(address, "has something before its @ that is no part of an address");
  }
  // A program could take it for an option.
  if (local.front() == '-') return refuse(address, "begins with a hyphen");
  if (at == std::string_view::npos) return {};
  const std::string_view host = address.substr(at + 1);
  if (!is_domain(host)) return refuse(address, "has something behind its @ that is no name of a host");
  return {};
}

Result<void> check_full_address(std::string_view address) {
  TRY(check_address(address));
  const std::size_t at = address.find('@');
  if (at != std::string_view::npos && address.find('.', at) != std::string_view::npos) return {};
  return refuse(address, "has no dot behind an @, which Taskcluster asks for before it sends a mail");
}

}  // namespace quern::mail
