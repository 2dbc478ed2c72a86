#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

// The framed protocol between quern and `function` children, byte for byte as in docs/formats/child-protocol.md. Pure
// encoding and decoding: no I/O.

namespace quern::protocol {

inline constexpr std::uint32_t kMagic = 0x314e5251;  // "QRN1", little-endian
inline constexpr std::size_t kHeaderBytes = 24;

enum class FrameType : std::uint32_t {
  // from quern to the child
  kSetup = 1,
  kBlock = 2,
  kGroups = 3,
  kEnd = 4,
  // from the child to quern
  kReady = 16,
  kFailed = 17,
  kOutput = 18,
  kBad = 19,
  kStarting = 20,
  kCounters = 21,
  kDone = 22,
  kFinished = 23,
  kProgress = 24,
  kLoaded = 25,
  kText = 26,
  kFields = 27,
};

// 24 bytes, little-endian: magic, type, id (8 bytes), payload length (8 bytes).
struct FrameHeader {
  FrameType type = FrameType::kEnd;
  std::uint64_t id = 0;  // of the block or of the batch of groups; 0 if there is none
  std::uint64_t payload_bytes = 0;
};

void append_header(Buffer& target, const FrameHeader& header);
// `bytes` must hold at least kHeaderBytes. kChildFailed for a wrong magic, an unknown type or a payload above
// limits::kMaxFrameBytes.
Result<FrameHeader> parse_header(std::string_view bytes);

// How a BLOCK frame presents its records: as lines; as lines, with STARTING before each record; or packed for Python.
enum class BlockForm : std::uint32_t { kLines = 0, kCareful = 1, kPacked = 8 };  // the frame's flags

// A segment's entry in the table of a BLOCK frame.
struct SegmentHead {
  std::uint64_t first_line = 1;
  std::uint64_t size_bytes = 0;  // of its records, in their form
  std::string_view name;         // of the file
};

// Returns the part of a BLOCK frame that precedes the records: the frame's header, the flags and the segment table.
Buffer block_head(std::uint64_t id, BlockForm form, const std::vector<SegmentHead>& segments);

struct BadRecord {
  std::uint32_t segment = 0;  // index of the segment within the block
  std::uint64_t line = 0;     // index of the line within its segment, from 0; in a batch of groups, index of the group
  std::string reason;
  std::string details;
};
Result<BadRecord> parse_bad(std::string_view payload);

struct Done {
  std::uint64_t records = 0;  // lines or groups for which the function returned
  std::uint64_t bad = 0;
  std::uint64_t blank = 0;  // empty lines, which are not records unless the record kind is text
};
Result<Done> parse_done(std::string_view payload);

// STARTING: the record that the child is about to process.
struct Starting {
  std::uint32_t segment = 0;
  std::uint64_t line = 0;
};
Result<Starting> parse_starting(std::string_view payload);

// PROGRESS: the number of records or groups of the frame that are done.
Result<std::uint64_t> parse_progress(std::string_view payload);

}  // namespace quern::protocol
