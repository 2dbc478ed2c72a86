#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "stages/inputs/filter.h"
#include "stages/inputs/key_pattern.h"
#include "stages/inputs/manifest.h"

// Up to the first zero byte: a Filter.json, an index's answer, or a pattern of keys. Behind it: the path that is asked
// about.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view all(reinterpret_cast<const char*>(data), size);
  std::size_t zero = std::min(all.find('\0'), all.size());
  std::string_view text = all.substr(0, zero);
  std::string_view path = all.substr(std::min(zero + 1, all.size()));
  auto filter = quern::inputs::Filter::parse(text, "filter");
  if (filter.ok()) {
    bool is_accepted = filter.value().accepts(path);
    auto again = quern::inputs::Filter::parse(filter.value().json(), "filter");
    CHECK(again.ok() && again.value().accepts(path) == is_accepted);
  } else {
    CHECK(filter.error().message.starts_with("filter: "));
  }
  static_cast<void>(quern::inputs::parse_index(text, [](const quern::inputs::IndexEntry& entry) -> quern::Result<void> {
    CHECK(!entry.name.empty());
    return {};
  }));
  auto plan = quern::inputs::plan_keys(text);
  if (!plan.ok()) return 0;
  for (const auto& listing : plan.value().listings) {
    for (const auto& pattern : listing.patterns) {
      if (pattern.matches(path)) CHECK(path.starts_with(listing.prefix));
    }
  }
  return 0;
}
