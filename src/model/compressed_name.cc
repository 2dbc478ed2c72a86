#include "model/compressed_name.h"

#include <array>

namespace quern {
namespace {

struct Ending {
  std::string_view text;
  Compression compression;
  std::string_view decoded;
};
constexpr std::array<Ending, 8> kEndings = {{
    {".xz", Compression::kXz, ""},
    {".lzma", Compression::kLzma, ""},
    {".gz", Compression::kGzip, ""},
    {".tgz", Compression::kGzip, ".tar"},
    {".zst", Compression::kZstd, ""},
    {".zstd", Compression::kZstd, ""},
    {".bz2", Compression::kBzip2, ""},
    {".lz4", Compression::kLz4, ""},
}};

const Ending* ending_of(std::string_view name) {
  for (const Ending& ending : kEndings) {
    if (name.ends_with(ending.text)) return &ending;
  }
  return nullptr;
}

}  // namespace

Compression compression_of_name(std::string_view name) {
  const Ending* ending = ending_of(name);
  return ending == nullptr ? Compression::kNone : ending->compression;
}

std::string decoded_name(std::string_view name) {
  const Ending* ending = ending_of(name);
  std::string_view start = ending == nullptr ? name : name.substr(0, name.size() - ending->text.size());
  if (start.find_first_not_of('.') == std::string_view::npos) return std::string(name);
  return std::string(start).append(ending == nullptr ? "" : ending->decoded);
}

}  // namespace quern
