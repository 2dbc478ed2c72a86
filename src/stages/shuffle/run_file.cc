#include "stages/shuffle/run_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/coding.h"

// Writes the format of docs/formats/sorted-run.md: numbers, keys and values are appended to a block, which is
// compressed and written when it is full or its partition ends.

namespace quern::shuffle {
namespace {

Error full(const std::string& folder, std::string_view needs) {
  return Error{.kind = ErrorKind::kNoSpace,
               .message = fmt::format("the shuffle's temporary folder {} is full: {}; choose another with --scratch or "
                                      "TMPDIR, or raise limits.memory (--memory)",
                                      folder, needs),
               .code = ENOSPC};
}

Result<void> check_room(const std::string& folder, std::uint64_t least_bytes) {
  struct statvfs room {};
  // If the file system does not report its free space, writing will show whether it is enough.
  if (::statvfs(folder.c_str(), &room) != 0) return {};
  std::uint64_t free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
  if (free_bytes >= least_bytes) return {};
  return full(folder, fmt::format("needs at least {} more, and {} are free", format_bytes(least_bytes),
                                  format_bytes(free_bytes)));
}

}  // namespace

Result<RunWriter> RunWriter::make(RunOptions options, std::uint64_t least_room_bytes) {
  TRY(check_room(options.folder, least_room_bytes));
  std::string path = options.folder + "/run-XXXXXX";
  Fd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd.is_open()) return os_error("making a temporary file for the shuffle in " + options.folder, errno);
  ::unlink(path.c_str());
  return RunWriter(std::move(options), std::move(fd));
}

Result<void> RunWriter::begin_segment(std::string_view key, BlockAddress address, std::uint64_t count) {
  bool is_new = !has_key_ || key != last_key_;
  TRY(append_number(count << 1 | (is_new ? 1 : 0)));
  if (is_new) {
    TRY(append_number(key.size()));
    TRY(append(key));
    last_key_.assign(key);
    has_key_ = true;
  }
  TRY(append_number(address.input));
  return append_number(address.number);
}

Result<void> RunWriter::add_value(std::string_view value) {
  TRY(append_number(value.size()));
  return append(value);
}

Result<void> RunWriter::end_partition() {
  TRY(flush());
  std::uint64_t begin = sections_.empty() ? 0 : sections_.back().offset + sections_.back().size_bytes;
  sections_.push_back({.offset = begin, .size_bytes = size_bytes_ - begin});
  has_key_ = false;
  return {};
}

Result<RunFile> RunWriter::finish() {
  CHECK(sections_.size() == options_.partitions && raw_.empty());
  return RunFile{.fd = std::move(fd_),
                 .folder = options_.folder,
                 .sections = std::move(sections_),
                 .block_bytes = options_.block_bytes,
                 .size_bytes = size_bytes_};
}

Result<void> RunWriter::append_number(std::uint64_t number) {
  std::array<char, kMostVarintBytes> bytes;
  return append({bytes.data(), put_varint(bytes.data(), number)});
}

Result<void> RunWriter::append(std::string_view bytes) {
  while (raw_.size() + bytes.size() > options_.block_bytes) {
    std::size_t fits = options_.block_bytes - raw_.size();
    raw_.append(bytes.substr(0, fits));
    bytes.remove_prefix(fits);
    TRY(flush());
  }
  raw_.append(bytes);
  return {};
}

Result<void> RunWriter::flush() {
  if (options_.stop.stop_requested()) return stopped();
  if (raw_.empty()) return {};
  stored_.resize(run_format::kHeaderBytes + ZSTD_compressBound(options_.block_bytes));
  char* payload = stored_.data() + run_format::kHeaderBytes;
  std::size_t payload_bytes = ZSTD_compressCCtx(compressor_.get(), payload, stored_.size() - run_format::kHeaderBytes,
                                                raw_.data(), raw_.size(), run_format::kLevel);
  CHECK(ZSTD_isError(payload_bytes) == 0);
  run_format::put_header(stored_.data(), {.raw_bytes = static_cast<std::uint32_t>(raw_.size()),
                                          .payload_bytes = static_cast<std::uint32_t>(payload_bytes),
                                          .checksum = XXH3_64bits(payload, payload_bytes)});
  std::string_view block(stored_.data(), run_format::kHeaderBytes + payload_bytes);
  Result<void> written = write_all(fd_, block);
  if (!written.ok()) {
    if (written.error().kind != ErrorKind::kNoSpace) {
      return std::move(written).context("writing the shuffle's temporary files in " + options_.folder);
    }
    return full(options_.folder, fmt::format("needs more than the {} of this run", format_bytes(size_bytes_)));
  }
  size_bytes_ += block.size();
  raw_.clear();
  return {};
}

}  // namespace quern::shuffle
