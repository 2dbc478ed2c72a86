#include <cstdint>
#include <string>
#include <string_view>

#include "app/look/look_text.h"
#include "app/look/records.h"
#include "app/look/suggestion.h"
#include "base/result.h"
#include "services/json/path.h"

// A byte of flags, and what an input begins with.

namespace app = quern::app;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const app::Piece piece{.bytes = std::string(reinterpret_cast<const char*>(data + 1), size - 1),
                         .is_start = (data[0] & 1) == 0,
                         .is_end = (data[0] & 2) == 0};
  app::Look look{.inputs = 1, .read_inputs = 1};
  look.format = app::detect_format({.bytes = piece.bytes, .is_whole = piece.is_end});
  const auto& records = look.format.records;
  quern::json::RecordProfile profile(records.has_value() && quern::has_only_texts(*records));
  const auto read = app::for_each_record(look.format, piece, 1000, [&](const app::FoundRecord& record) {
    CHECK(!look.format.has_paths() || profile.add(record.text));
  });
  CHECK(read.bytes <= piece.bytes.size());
  look.bad_records = read.bad;
  look.read_records = read.records;
  look.paths = profile.paths();
  for (const quern::json::ProfiledPath& path : look.paths) {
    CHECK(path.records <= profile.records());
    if (path.path.empty()) continue;
    auto parsed = quern::json::parse_path(path.text);
    CHECK(parsed.ok() && parsed.value() == path.path);
  }
  const std::string text = app::look_text(look, {.named = {.inputs = {"a"}}, .columns = 80});
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(!app::look_json(look, {}).empty());
  return 0;
}
