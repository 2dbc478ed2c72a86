#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

// The parts of docs/formats/sorted-run.md that writer and reader share.

namespace quern::shuffle::run_format {

inline constexpr int kLevel = 1;  // of zstd: runs are written once and read once
inline constexpr std::size_t kHeaderBytes = 16;

// Precedes each block. In this machine's byte order, as runs never leave the machine.
struct BlockHeader {
  std::uint32_t raw_bytes = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t checksum = 0;  // XXH3 of the payload
};
static_assert(sizeof(BlockHeader) == kHeaderBytes);

inline void put_header(char* target, const BlockHeader& header) { std::memcpy(target, &header, sizeof header); }
inline BlockHeader get_header(const char* source) {
  BlockHeader header;
  std::memcpy(&header, source, sizeof header);
  return header;
}

}  // namespace quern::shuffle::run_format
