#include "services/taskcluster/slugid.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/result.h"

namespace quern::taskcluster {
namespace {

constexpr std::size_t kLetters = 22;

bool is_letter_of_alphabet(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

void system_random(std::span<unsigned char> bytes) {
  CHECK(::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
}

std::string make_slugid(const Random& random) {
  std::array<unsigned char, 16> uuid{};
  random(uuid);
  // The version and the variant of RFC 9562. With the first bit cleared, an id cannot begin with '-' and be mistaken
  // for an option.
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0FU) | 0x40U);
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3FU) | 0x80U);
  uuid[0] = static_cast<unsigned char>(uuid[0] & 0x7FU);
  return url_safe_base64_encode({reinterpret_cast<const char*>(uuid.data()), uuid.size()});
}

bool is_slugid(std::string_view text) {
  auto is_one_of = [&](std::size_t at, std::string_view letters) {
    return letters.find(text[at]) != std::string_view::npos;
  };
  return text.size() == kLetters && std::all_of(text.begin(), text.end(), is_letter_of_alphabet) &&
         is_one_of(8, "QRST") && is_one_of(10, "CGKOSWaeimquy26-") && is_one_of(21, "AQgw");
}

}  // namespace quern::taskcluster
