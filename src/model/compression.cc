#include "model/compression.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace quern {
namespace {

constexpr std::array<std::string_view, kCompressions> kWords = {"none", "xz", "lzma", "gz", "zst", "bz2", "lz4", "br"};
static_assert(!kWords.back().empty());

struct Ending {
  std::string_view text;
  Compression compression;
  std::string_view decoded;
};
constexpr auto kEndings = std::to_array<Ending>({
    {".xz", Compression::kXz, ""},
    {".txz", Compression::kXz, ".tar"},
    {".lzma", Compression::kLzma, ""},
    {".tlz", Compression::kLzma, ".tar"},
    {".gz", Compression::kGzip, ""},
    {".gzip", Compression::kGzip, ""},
    {".bgz", Compression::kGzip, ""},
    {".tgz", Compression::kGzip, ".tar"},
    {".zst", Compression::kZstd, ""},
    {".zstd", Compression::kZstd, ""},
    {".tzst", Compression::kZstd, ".tar"},
    {".bz2", Compression::kBzip2, ""},
    {".tbz", Compression::kBzip2, ".tar"},
    {".tbz2", Compression::kBzip2, ".tar"},
    {".lz4", Compression::kLz4, ""},
    {".br", Compression::kBrotli, ""},
});

const Ending* ending_of(std::string_view name) {
  for (const Ending& ending : kEndings) {
    const std::size_t stem_bytes = name.size() - std::min(name.size(), ending.text.size());
    if (equals_ignoring_case(name.substr(stem_bytes), ending.text)) return &ending;
  }
  return nullptr;
}

}  // namespace

std::string_view name_of(Compression compression) { return kWords[static_cast<std::size_t>(compression)]; }

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
