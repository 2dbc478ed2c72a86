#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "stages/decode/foreign.h"

// A byte of flags, and what an input begins with.

namespace decode = quern::decode;

namespace {

// One line, for people: what it is and what to do.
void check(const std::optional<std::string>& refusal) {
  if (refusal.has_value()) CHECK(!refusal->empty() && refusal->find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const decode::Beginning content{.bytes = bytes, .is_whole = (data[0] & 1) != 0, .is_decoded = (data[0] & 2) != 0};
  check(decode::foreign_format(content));
  check(decode::foreign_json(content));
  // An object alone in its line is a record, whatever follows.
  for (std::string_view record : {"{\"a\": [1, {\"b\": null}]}\n", "  {}\r\n"}) {
    const std::string text = std::string(record).append(bytes);
    CHECK(!decode::foreign_json({.bytes = text, .is_whole = content.is_whole}).has_value());
  }
  return 0;
}
