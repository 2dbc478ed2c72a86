#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/archive/job_pack.h"

// The first byte says what the rest is: the text of a pack, or the archive within it, which a fuzzer would hardly ever
// compress. Nothing may appear outside of the folder, and no link within it.

namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostBytes = 1 << 20;

struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "job-pack-fuzz-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    fs::create_directory(path / "there");
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

void check_unpacking(std::string_view text) {
  Folder folder;
  auto unpacked = quern::archive::unpack_folder(text, (folder.path / "there").string(), kMostBytes);
  if (!unpacked.ok()) CHECK(!unpacked.error().message.empty());
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path / "there")) {
    CHECK(!entry.is_symlink() && (entry.is_directory() || entry.is_regular_file()));
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  CHECK(bytes <= kMostBytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 1) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_unpacking(data[0] == '0' ? std::string(rest) : quern::archive::text_of(rest));
  return 0;
}
