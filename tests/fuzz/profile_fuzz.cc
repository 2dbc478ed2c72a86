#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/credentials/profile_file.h"

// The first byte says which kind of file it is, the rest is the file.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  using namespace quern::credentials;
  if (size < 1) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto kind = data[0] == 'c' ? ProfileFileKind::kConfig : ProfileFileKind::kCredentials;
  auto properties = parse_profile_file(text, kind, "file");
  if (!properties.ok()) {
    CHECK(properties.error().message.starts_with("file:"));
    return 0;
  }
  std::size_t last = 0;
  for (const Property& one : properties.value()) {
    CHECK(one.line > last && !one.name.empty());
    CHECK(one.value.empty() ||
          (one.value.data() >= text.data() && one.value.data() + one.value.size() <= text.data() + text.size()));
    CHECK(one.value.find_first_of(std::string_view("\n\0", 2)) == std::string_view::npos);
    last = one.line;
  }
  return 0;
}
