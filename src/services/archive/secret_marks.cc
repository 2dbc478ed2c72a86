#include "services/archive/secret_marks.h"

#include <strings.h>

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "base/text.h"

namespace quern::archive {
namespace {

constexpr std::size_t kSecretLetters = 40;     // of a secret access key
constexpr std::size_t kIdLetters = 20;         // of an access key id
constexpr std::size_t kLeastValueLetters = 8;  // of the value of a setting with such a name
constexpr std::size_t kMarkBytes = 48;         // from BEGIN to PRIVATE KEY
constexpr std::size_t kNearBytes = 256;        // between an id and its secret

bool is_of(char c, std::string_view others) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || others.find(c) != std::string_view::npos;
}

bool has_private_key(std::string_view content) {
  if (content.find("PuTTY-User-Key-File-") != std::string_view::npos) return true;
  if (content.find("AGE-SECRET-KEY-1") != std::string_view::npos) return true;
  constexpr std::string_view kMark = "PRIVATE KEY";
  for (std::size_t at = content.find(kMark); at != std::string_view::npos; at = content.find(kMark, at + 1)) {
    const std::size_t begin = at - std::min(at, kMarkBytes);
    if (content.substr(begin, at - begin).find("-- BEGIN ") != std::string_view::npos ||
        content.substr(begin, at - begin).find("--BEGIN ") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// Returns the value that follows a name in `text`: ` = value`, `": "value"`. "" if it is an expression or missing.
std::string_view value_after(std::string_view text) {
  const std::size_t sign = text.find_first_not_of("\"' \t");
  if (sign == std::string_view::npos || (text[sign] != '=' && text[sign] != ':')) return {};
  text.remove_prefix(sign + 1);
  text.remove_prefix(std::min(text.find_first_not_of("\"' \t"), text.size()));
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) { return is_of(c, "/+="); });
  const bool ends_well = end == text.end() || std::string_view("\"' \t\r\n\\#").find(*end) != std::string_view::npos;
  return ends_well ? text.substr(0, static_cast<std::size_t>(end - text.begin())) : std::string_view();
}

// Whether there is a setting aws_secret_access_key, AWS_SECRET_ACCESS_KEY, secretAccessKey, SecretAccessKey or similar
// with a value.
bool has_setting(std::string_view content) {
  for (std::string_view name : {"secret_access_key", "secretaccesskey"}) {
    for (std::size_t at = 0; at + name.size() <= content.size(); ++at) {
      if (!starts_with_ignoring_case(content.substr(at), name)) continue;
      if (value_after(content.substr(at + name.size())).size() >= kLeastValueLetters) return true;
    }
  }
  return false;
}

// Whether there is a word of exactly the length of a secret key, not adjacent to characters that could belong to it. A
// digest in hexadecimal digits is not a secret.
bool has_secret_word(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_of(text[end], "/+")) ++end;
    const std::string_view word = text.substr(at, end - at);
    const bool is_digest = std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (word.size() == kSecretLetters && !is_digest) return true;
    at = end + 1;
  }
  return false;
}

// Whether there is an access key id with a possible secret key near it.
bool has_pair(std::string_view content) {
  for (std::string_view start : {"AKIA", "ASIA"}) {
    for (std::size_t at = content.find(start); at != std::string_view::npos; at = content.find(start, at + 1)) {
      const std::string_view id = content.substr(at, kIdLetters);
      const bool is_id = id.size() == kIdLetters && std::all_of(id.begin(), id.end(), [](unsigned char c) {
                           return std::isupper(c) != 0 || std::isdigit(c) != 0;
                         });
      const std::size_t begin = at - std::min(at, kNearBytes);
      if (is_id && has_secret_word(content.substr(begin, at - begin + kIdLetters + kNearBytes))) return true;
    }
  }
  return false;
}

}  // namespace

std::string_view secret_in(std::string_view content) {
  if (has_private_key(content)) return "a private key";
  if (has_setting(content) || has_pair(content)) return "a secret key of AWS";
  return "";
}

}  // namespace quern::archive
