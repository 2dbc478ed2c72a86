#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/result.h"
#include "stages/inputs/manifest.h"

// The first byte says how many bytes come with a read, the rest is the manifest.

namespace {

class MemorySource final : public quern::ByteSource {
 public:
  MemorySource(std::string_view bytes, std::size_t piece_bytes) : bytes_(bytes), piece_bytes_(piece_bytes) {}
  quern::Result<std::size_t> read(std::span<char> target) override {
    std::size_t count = std::min({bytes_.size(), target.size(), piece_bytes_});
    std::memcpy(target.data(), bytes_.data(), count);
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
  const std::size_t piece_bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  MemorySource source({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0] == 0 ? size : data[0]);
  std::uint64_t last = 0;
  auto read =
      quern::inputs::read_manifest(source, "list", [&](const quern::inputs::ManifestLine& line) -> quern::Result<void> {
        CHECK(line.number > last && !line.name.empty());
        CHECK(line.name.find('\n') == std::string_view::npos && line.name.find('\0') == std::string_view::npos);
        last = line.number;
        return {};
      });
  if (!read.ok()) CHECK(read.error().message.starts_with("list:"));
  return 0;
}
