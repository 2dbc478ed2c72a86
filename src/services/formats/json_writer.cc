#include "services/formats/json_writer.h"

namespace quern::formats {

void JsonWriter::grow(std::size_t bytes) {
  const std::size_t used = size();
  target_.resize(used);
  target_.reserve(std::max(used + bytes, 2 * target_.capacity()));
  take_room();
}

void JsonWriter::add_escaped(char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (byte) {
    case '"':
      return add("\\\"");
    case '\\':
      return add("\\\\");
    case '\n':
      return add("\\n");
    case '\r':
      return add("\\r");
    case '\t':
      return add("\\t");
    default:
      break;
  }
  const auto value = static_cast<unsigned char>(byte);
  if (value >= ' ') return add(byte);
  add("\\u00");
  add(kDigits[value >> 4U]);
  add(kDigits[value & 0xFU]);
}

}  // namespace quern::formats
