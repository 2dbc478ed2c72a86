#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/limits.h"
#include "services/json/json_reader.h"
#include "services/json/marshal_writer.h"
#include "services/json/path.h"
#include "services/json/value_text.h"

// Any text: it is JSON for us if it is for a library that parses everything, copies are JSON too, and what is captured
// is what the library finds; and what is certain to the writer for Python is JSON. (The library takes any depth and
// ends at a NUL, skips a byte order mark, and refuses numbers that are too large and halves of surrogate pairs; we do
// not.)

namespace json = quern::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  static const json::Plan plan({.copied = {json::parse_path("a.b").value(), json::parse_path("c[*].d").value()},
                                .captured = {json::parse_path("a.b").value()}});
  std::string text(reinterpret_cast<const char*>(data), size);
  json::JsonReader reader(plan);
  quern::Buffer copy;
  bool is_json = reader.read(text, copy);
  // In memory of its exact size, so that what is written beyond it is noticed.
  json::MarshalWriter writer;
  quern::Buffer list;
  writer.begin(list);
  CHECK(!writer.add_json(text) || is_json);
  writer.end();
  nlohmann::json full = nlohmann::json::parse(text, nullptr, false);
  if (!is_json) {
    CHECK(copy.empty());
    CHECK(full.is_discarded() || text.size() > quern::limits::kMaxJsonDepth || text.starts_with("\xef\xbb\xbf") ||
          text.find('\0') != std::string::npos);
    return 0;
  }
  if (full.is_discarded()) {
    CHECK(text.find_first_of("0123456789") != std::string::npos || text.find("\\u") != std::string::npos);
    return 0;
  }
  CHECK(nlohmann::json::accept(copy.view()));
  for (const json::Capture& capture : reader.captures()) {
    std::string shown;
    json::append_text(capture.text, shown);
    CHECK(nlohmann::json::parse(capture.text) == full["a"]["b"]);
  }
  return 0;
}
