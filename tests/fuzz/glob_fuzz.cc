#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "stages/inputs/glob.h"

// A pattern, a zero byte, and the name that it is held against.

namespace glob = quern::inputs::glob;

namespace {

std::string escaped(std::string_view name) {
  std::string pattern;
  for (char byte : name) pattern.append("\\").push_back(byte);
  return pattern;
}

bool is_plain(std::string_view pattern) {
  return !glob::has_wildcard(pattern) && pattern.find('\\') == std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t zero = std::min(bytes.find('\0'), bytes.size());
  std::string_view pattern = bytes.substr(0, zero);
  std::string_view name = bytes.substr(std::min(zero + 1, bytes.size()));
  bool is_match = glob::matches(pattern, name);
  if (is_plain(pattern)) CHECK(is_match == (pattern == name));
  CHECK(glob::matches(name.starts_with('.') ? ".*" : "*", name));
  // A backslash before a byte of a longer character cuts that character in two, on both sides alike only in ASCII.
  bool is_ascii = std::all_of(name.begin(), name.end(), [](unsigned char byte) { return byte < 0x80; });
  if (is_ascii) CHECK(glob::matches(escaped(name), name));
  CHECK(glob::unescape(escaped(name)) == name);
  auto names = glob::expand_braces(pattern);
  if (names.ok()) CHECK(!names.value().empty());
  return 0;
}
