#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "base/result.h"
#include "stages/output/output.h"

// The first byte says where the rest is cut into two parts that are merged.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 1) return 0;
  std::string pattern = (std::filesystem::temp_directory_path() / "part-fuzz-XXXXXX").string();
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t middle = std::min<std::size_t>(data[0], bytes.size());
  std::ofstream(pattern + "/0") << bytes.substr(0, middle);
  std::ofstream(pattern + "/1") << bytes.substr(middle);
  auto target = quern::output::ResultTarget::make(pattern + "/result.txt");
  CHECK(target.ok());
  auto merged = quern::output::merge_part_files({pattern + "/0", pattern + "/1"}, *target.value());
  CHECK(target.value()->size_bytes() <= bytes.size());
  if (!merged.ok()) CHECK(merged.error().kind == quern::ErrorKind::kBadInput && !merged.error().message.empty());
  target.value().reset();
  std::filesystem::remove_all(pattern);
  return 0;
}
