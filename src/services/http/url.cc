#include "services/http/url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/shown_url.h"
#include "base/text.h"
#include "model/limits.h"

namespace quern::http {
namespace {

// The longest URL that is accepted.
constexpr std::size_t kMaxUrlBytes = 64 * limits::kKiB;

constexpr std::size_t kShownBytes = 200;  // of an invalid URL in a message

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// Whether an ASCII character may appear in a request line.
bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

// Returns part of an invalid URL for a message, shortened and without anything that may be secret.
std::string excerpt(std::string_view text) {
  std::string encoded;
  if (text.find("://") == std::string_view::npos) text = text.substr(0, text.find_first_of("?#"));
  for (char c : text) {
    if (is_visible(c) || c == ' ') {
      encoded += c;
    } else {
      encoded += percent_encode({&c, 1});
    }
  }
  return "'" + shown_url(encoded).substr(0, kShownBytes) + "'";
}

Error bad_url(std::string_view text, std::string_view why) {
  std::string message = "the URL ";
  message.append(excerpt(text)).append(" ").append(why);
  return bad_input(std::move(message));
}

bool is_host_name(std::string_view host) {
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.size() < 4) return false;
    host = host.substr(1, host.size() - 2);
    return std::all_of(host.begin(), host.end(), [](char c) { return is_unreserved(c) || c == ':' || c == '%'; });
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), is_unreserved);
}

struct HostAndPort {
  std::string_view host;
  std::string_view port;  // "" if there is none
};

HostAndPort split_authority(std::string_view authority) {
  std::size_t colon = authority.rfind(':');
  bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  if (!has_port) return {authority, ""};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

Result<std::string> parse_host(std::string_view text, std::string_view scheme, std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) {
    return bad_url(text, "holds a user name or a password; give them in another way");
  }
  auto [host, port] = split_authority(authority);
  if (!is_host_name(host)) return bad_url(text, "has no valid host name");
  std::string result = lower_case(host);
  if (port.empty()) return result;
  unsigned number = 0;
  auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() || number == 0 || number > 65535) {
    return bad_url(text, "has no valid port");
  }
  if (number != (scheme == "https" ? 443U : 80U)) result.append(":").append(std::to_string(number));
  return result;
}

// Returns the scheme of a reference; "" if it has none.
std::string_view scheme_of(std::string_view reference) {
  std::size_t end = reference.find_first_of(":/?#");
  if (end == std::string_view::npos || reference[end] != ':' || end == 0 || !is_letter(reference[0])) return {};
  return reference.substr(0, end);
}

// The algorithm remove_dot_segments of RFC 3986, 5.2.4.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> parts;
  bool ends_in_folder = false;
  for (std::size_t begin = 1; begin <= path.size();) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    std::string_view part = path.substr(begin, end - begin);
    ends_in_folder = part == "." || part == "..";
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!ends_in_folder) parts.push_back(part);
    begin = end + 1;
  }
  std::string result;
  for (std::string_view part : parts) result.append("/").append(part);
  if (ends_in_folder || result.empty()) result += '/';
  return result;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return bad_url(text, "is too long");
  Url url;
  url.scheme = lower_case(scheme_of(text));
  if (url.scheme != "http" && url.scheme != "https") return bad_url(text, "does not begin with http:// or https://");
  std::string_view rest = text.substr(url.scheme.size() + 1);
  if (!rest.starts_with("//")) return bad_url(text, "does not begin with http:// or https://");
  rest.remove_prefix(2);
  if (!std::all_of(text.begin(), text.end(), is_visible)) {
    return bad_url(text, "has a space, a control character or a letter beyond ASCII that is not percent-encoded");
  }
  rest = rest.substr(0, rest.find('#'));
  std::size_t path_begin = std::min(rest.find_first_of("/?"), rest.size());
  TRY_ASSIGN(url.host, parse_host(text, url.scheme, rest.substr(0, path_begin)));
  rest.remove_prefix(path_begin);
  std::size_t query_mark = rest.find('?');
  std::string_view path = rest.substr(0, query_mark);
  url.path = path.empty() ? std::string_view("/") : path;
  if (query_mark != std::string_view::npos) url.query = rest.substr(query_mark + 1);
  return url;
}

bool is_same_origin(const Url& a, const Url& b) { return a.scheme == b.scheme && a.host == b.host; }

std::string shown(const Url& url) { return url.scheme + "://" + url.host + url.path; }

Result<std::string> resolve(const Url& base, std::string_view location) {
  std::string reference;
  for (char c : location) {
    if (is_visible(c) && c != '"' && c != '<' && c != '>' && c != '\\') {
      reference += c;
    } else {
      reference += percent_encode({&c, 1});
    }
  }
  std::string origin = base.scheme + "://" + base.host;
  std::string target;
  if (!scheme_of(reference).empty()) {
    target = reference;
  } else if (reference.starts_with("//")) {
    target = base.scheme + ":" + reference;
  } else if (reference.starts_with('/')) {
    target = origin + reference;
  } else if (reference.empty() || reference.starts_with('#')) {
    target = origin + base.path;
    if (!base.query.empty()) target.append("?").append(base.query);
  } else if (reference.starts_with('?')) {
    target = origin + base.path + reference;
  } else {
    std::size_t path_end = std::min(reference.find_first_of("?#"), reference.size());
    std::string merged = base.path.substr(0, base.path.rfind('/') + 1) + reference.substr(0, path_end);
    target = origin + without_dot_segments(merged) + reference.substr(path_end);
  }
  TRY(parse_url(target).context("following a redirect"));
  return target.substr(0, target.find('#'));
}

}  // namespace quern::http
