#include "model/image_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/text.h"

namespace quern {
namespace {

constexpr std::size_t kMaxTag = 128;
constexpr std::size_t kMaxRepository = 255;
// The supported digest algorithms and their numbers of hexadecimal digits.
constexpr std::array<std::pair<std::string_view, std::size_t>, 3> kDigests = {
    {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}}};

Error wrong(std::string_view text, std::string_view why) {
  return bad_config("'" + std::string(text) + "' is not the name of an image: " + std::string(why) +
                    "; write it as registry/name:tag, or best as registry/name@sha256:...");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || is_digit(c); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter_or_digit(char c) { return is_lower_or_digit(c) || is_upper(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

bool all_of(std::string_view text, std::string_view also, bool (*is_allowed)(char)) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_allowed(c) || also.find(c) != std::string_view::npos; });
}

// host[:port]; the host may be an IPv6 address in brackets.
bool is_registry(std::string_view text) {
  const std::size_t bracket = text.find(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), is_digit)) return false;
  }
  if (!host.starts_with('[')) return is_host_name(host);
  return host.size() > 2 && host.ends_with(']') && all_of(host.substr(1, host.size() - 2), "ABCDEF:", is_hex);
}

// Words separated by a dot, one or two underscores, or hyphens.
bool is_repository_part(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front()) || !is_lower_or_digit(text.back())) return false;
  while (!text.empty()) {
    text.remove_prefix(
        static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_lower_or_digit) - text.begin()));
    const auto marks =
        static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_lower_or_digit) - text.begin());
    const std::string_view mark = text.substr(0, marks);
    const bool is_hyphens = mark.find_first_not_of('-') == std::string_view::npos;
    if (!is_hyphens && mark != "." && mark != "_" && mark != "__") return false;
    text.remove_prefix(marks);
  }
  return true;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTag && all_of(text, "._-", is_letter_or_digit) &&
         (is_letter_or_digit(text[0]) || text[0] == '_');
}

bool is_digest(std::string_view text) {
  const std::string_view kind = text.substr(0, text.find(':'));
  return std::any_of(kDigests.begin(), kDigests.end(), [&](const auto& known) {
    return kind == known.first && text.size() == kind.size() + 1 + known.second &&
           all_of(text.substr(kind.size() + 1), "", is_hex);
  });
}

// The text before the first slash names a registry if it cannot be part of a repository name.
bool names_registry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
         std::any_of(first.begin(), first.end(), is_upper);
}

}  // namespace

Result<ImageName> parse_image_name(std::string_view text) {
  ImageName name{.registry = std::string(kDockerHub), .repository = {}, .tag = {}, .digest = {}};
  std::string_view rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    name.digest = rest.substr(at + 1);
    if (!is_digest(name.digest))
      return wrong(text, "what follows @ is not a digest, such as sha256: and 64 hexadecimal digits");
    rest = rest.substr(0, at);
  }
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && names_registry(rest.substr(0, slash))) {
    name.registry = rest.substr(0, slash);
    if (!is_registry(name.registry)) return wrong(text, "its registry is not a host name");
    if (name.registry == "index.docker.io") name.registry = kDockerHub;
    rest = rest.substr(slash + 1);
  }
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    name.tag = rest.substr(colon + 1);
    if (!is_tag(name.tag)) return wrong(text, "what follows : is not a tag of up to 128 letters, digits and . _ -");
    rest = rest.substr(0, colon);
  } else if (name.digest.empty()) {
    name.tag = "latest";
  }
  if (!each_part(rest, '/', is_repository_part)) {
    return wrong(text, "before the tag it may have lower-case letters and digits, with . _ or - between them");
  }
  if (rest.size() > kMaxRepository) return wrong(text, "it has more than 255 characters before the tag");
  if (text.size() == kDigests.front().second && std::all_of(text.begin(), text.end(), is_hex)) {
    return wrong(text, "64 hexadecimal digits are the id of an image");
  }
  name.repository = rest;
  if (name.registry == kDockerHub && rest.find('/') == std::string_view::npos) name.repository.insert(0, "library/");
  return name;
}

}  // namespace quern
