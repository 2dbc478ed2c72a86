#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "model/limits.h"
#include "model/protocol.h"

// What a child writes: a header, then a payload that is read as every type of frame which has a binary one.

namespace protocol = quern::protocol;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size < protocol::kHeaderBytes) return 0;
  auto header = protocol::parse_header(bytes);
  if (header.ok()) CHECK(header.value().payload_bytes <= quern::limits::kMaxFrameBytes);
  std::string_view payload = bytes.substr(protocol::kHeaderBytes);
  auto bad = protocol::parse_bad(payload);
  if (bad.ok()) CHECK(bad.value().reason.size() + bad.value().details.size() + 16 == payload.size());
  static_cast<void>(protocol::parse_done(payload).ok());
  static_cast<void>(protocol::parse_starting(payload).ok());
  static_cast<void>(protocol::parse_progress(payload).ok());
  return 0;
}
