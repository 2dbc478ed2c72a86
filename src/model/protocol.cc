#include "model/protocol.h"

#include <fmt/format.h>

#include <initializer_list>

#include "base/coding.h"
#include "model/limits.h"

namespace quern::protocol {
namespace {

Error broken(std::string message) { return Error{.kind = ErrorKind::kChildFailed, .message = std::move(message)}; }

bool is_from_child(std::uint32_t type) {
  return type >= static_cast<std::uint32_t>(FrameType::kReady) &&
         type <= static_cast<std::uint32_t>(FrameType::kFields);
}

}  // namespace

void append_header(Buffer& target, const FrameHeader& header) {
  append_number(target, kMagic);
  append_number(target, static_cast<std::uint32_t>(header.type));
  append_number(target, header.id);
  append_number(target, header.payload_bytes);
}

Result<FrameHeader> parse_header(std::string_view bytes) {
  CHECK(bytes.size() >= kHeaderBytes);
  auto magic = number_at<std::uint32_t>(bytes, 0);
  if (magic != kMagic) return broken(fmt::format("it wrote {:#010x} where a frame must start", magic));
  auto type = number_at<std::uint32_t>(bytes, 4);
  if (!is_from_child(type)) return broken(fmt::format("it wrote a frame of the unknown type {}", type));
  FrameHeader header{.type = static_cast<FrameType>(type),
                     .id = number_at<std::uint64_t>(bytes, 8),
                     .payload_bytes = number_at<std::uint64_t>(bytes, 16)};
  if (header.payload_bytes > limits::kMaxFrameBytes) {
    return broken(fmt::format("it announced a frame of {} bytes; the most is {}", header.payload_bytes,
                              std::size_t{limits::kMaxFrameBytes}));
  }
  return header;
}

Buffer block_head(std::uint64_t id, BlockForm form, const std::vector<SegmentHead>& segments) {
  std::uint64_t table_bytes = 8;
  std::uint64_t records_bytes = 0;
  for (const SegmentHead& segment : segments) {
    table_bytes += 20 + segment.name.size();
    records_bytes += segment.size_bytes;
  }
  Buffer head(kHeaderBytes + table_bytes);
  append_header(head, {.type = FrameType::kBlock, .id = id, .payload_bytes = table_bytes + records_bytes});
  append_number(head, static_cast<std::uint32_t>(form));
  append_number(head, static_cast<std::uint32_t>(segments.size()));
  for (const SegmentHead& segment : segments) {
    append_number(head, segment.first_line);
    append_number(head, segment.size_bytes);
    append_number(head, static_cast<std::uint32_t>(segment.name.size()));
    head.append(segment.name);
  }
  return head;
}

Result<BadRecord> parse_bad(std::string_view payload) {
  if (payload.size() < 16) return broken("it wrote a BAD frame that is too short");
  BadRecord bad{.segment = number_at<std::uint32_t>(payload, 0), .line = number_at<std::uint64_t>(payload, 4)};
  auto reason_bytes = number_at<std::uint32_t>(payload, 12);
  if (payload.size() - 16 < reason_bytes) return broken("it wrote a BAD frame that is too short");
  bad.reason = payload.substr(16, reason_bytes);
  bad.details = payload.substr(16 + reason_bytes);
  return bad;
}

Result<Done> parse_done(std::string_view payload) {
  if (payload.size() != 24) return broken("it wrote a DONE frame of the wrong length");
  return Done{.records = number_at<std::uint64_t>(payload, 0),
              .bad = number_at<std::uint64_t>(payload, 8),
              .blank = number_at<std::uint64_t>(payload, 16)};
}

Result<Starting> parse_starting(std::string_view payload) {
  if (payload.size() != 12) return broken("it wrote a STARTING frame of the wrong length");
  return Starting{.segment = number_at<std::uint32_t>(payload, 0), .line = number_at<std::uint64_t>(payload, 4)};
}

Result<std::uint64_t> parse_progress(std::string_view payload) {
  if (payload.size() != 8) return broken("it wrote a PROGRESS frame of the wrong length");
  return number_at<std::uint64_t>(payload, 0);
}

}  // namespace quern::protocol
