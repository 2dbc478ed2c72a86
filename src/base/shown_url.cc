#include "base/shown_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace quern {
namespace {

constexpr std::string_view kHidden = "…";
constexpr std::string_view kAuthorityMark = "://";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_host_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '-' || c == '_';
}

bool is_s3(std::string_view url) { return url.starts_with("s3") || url.starts_with("S3"); }

bool is_authority(std::string_view text, bool may_have_port) {
  const std::size_t colon = text.find(':', text.starts_with('[') ? std::min(text.find(']'), text.size()) : 0);
  const std::string_view port = text.substr(std::min(colon, text.size()));
  std::string_view host = text.substr(0, colon);
  if (!port.empty() && !(may_have_port && std::all_of(port.begin() + 1, port.end(), is_digit))) return false;
  if (host.starts_with('[') && host.ends_with(']')) return true;
  return std::all_of(host.begin(), host.end(), is_host_letter);
}

// Returns the position after the @ that follows a user name and a password; npos if the URL has neither. `mark` is the
// position of its "://".
std::size_t end_of_user(std::string_view url, std::size_t mark) {
  const std::size_t begin = mark + kAuthorityMark.size();
  const std::string_view rest = url.substr(begin);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos && !is_authority(authority, !is_s3(url))) at = rest.rfind('@');
  return at == std::string_view::npos ? at : begin + at;
}

// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/).
std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

void append_without_user(std::string& target, std::string_view url, std::size_t mark) {
  const std::size_t at = end_of_user(url, mark);
  if (at == std::string_view::npos) {
    target.append(url);
  } else {
    target.append(url.substr(0, mark)).append(kAuthorityMark).append(kHidden).append(url.substr(at));
  }
}

// Copies a message and calls `append` for each URL in it.
template <typename Append>
std::string with_urls(std::string_view message, const Append& append) {
  std::string shown;
  while (true) {
    const std::size_t mark = message.find(kAuthorityMark);
    if (mark == std::string_view::npos) return shown.append(message);
    // A URL starts at its scheme's first letter and ends before the first character that cannot be part of it.
    const std::size_t before = message.substr(0, mark).find_last_of(" \t\n'\"<([=");
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    const std::size_t end = std::min(message.find_first_of(" \t\n'\"<>", mark), message.size());
    shown.append(message.substr(0, begin));
    append(shown, message.substr(begin, end - begin));
    message.remove_prefix(end);
  }
}

}  // namespace

std::string shown_url(std::string_view url) {
  const std::size_t mark = url.find(kAuthorityMark);
  std::string shown;
  if (mark == std::string_view::npos) return shown.append(url);
  append_without_user(shown, url, mark);
  if (is_s3(url)) return shown;
  const std::size_t end = shown.find_first_of("?#", mark + kAuthorityMark.size());
  const bool has_query = end != std::string::npos && end + 1 < shown.size();
  if (!has_query || std::string_view(shown).substr(end + 1).starts_with(kHidden)) return shown;
  const std::uint32_t hash = hash_of(std::string_view(shown).substr(end + 1));
  shown.erase(end + 1);
  return shown.append(kHidden).append(fmt::format("{:08x}", hash));
}

std::string without_passwords(std::string_view message) {
  return with_urls(message, [](std::string& target, std::string_view url) {
    append_without_user(target, url, url.find(kAuthorityMark));
  });
}

std::string with_shown_urls(std::string_view message) {
  return with_urls(message, [](std::string& target, std::string_view url) {
    // Punctuation at the end may belong to the sentence.
    const std::size_t end = url.find_last_not_of(".,;:)]") + 1;
    target.append(shown_url(url.substr(0, end))).append(url.substr(end));
  });
}
std::string shown_reason(std::string_view reason) {
  const bool is_of_proxy = reason.find("roxy") != std::string_view::npos;
  const std::size_t value = is_of_proxy ? reason.find_first_of("':") : std::string_view::npos;
  std::string shown = without_passwords(reason.substr(0, value));
  if (value != std::string_view::npos) {
    shown.append(kHidden).append("; http_proxy, https_proxy and all_proxy name the proxy");
  }
  return shown;
}

std::string_view certificate_advice(std::string_view reason) {
  auto has = [&](std::string_view words) { return reason.find(words) != std::string_view::npos; };
  if (has("expired") || has("not yet valid")) return "; its owner has to renew it, or this machine's clock is wrong";
  if (has("subject name")) return "; name the host as its certificate does";
  return "; SSL_CERT_FILE can name a file of the certificate authorities to trust";
}

}  // namespace quern
