#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "stages/fetch/kept_files.h"

// What an earlier run, or somebody else, left beside a fetched file. What is taken for valid is written as it was read.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  using namespace quern::fetch;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto state = parse_resume_state(text)) {
    std::uint64_t end = 0;
    for (const auto& range : state->taken) {
      CHECK(range.first >= end && range.count <= state->size_bytes - range.first);
      end = range.first + range.count;
    }
    auto again = parse_resume_state(to_text(*state));
    CHECK(again.has_value() && again->etag == state->etag && again->taken.size() == state->taken.size());
  }
  if (auto file = parse_kept_line(text)) {
    std::string line = to_line(*file);
    auto again = parse_kept_line(std::string_view(line).substr(0, line.size() - 1));
    CHECK(again.has_value() && again->name == file->name && again->etag == file->etag);
  }
  return 0;
}
