#include "stages/shuffle/run_cursor.h"

#include <fmt/format.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>

#include "base/coding.h"
#include "base/merge.h"
#include "model/groups.h"
#include "stages/shuffle/run_file.h"

// Decodes the format of docs/formats/sorted-run.md: checksummed, compressed blocks, which hold segments of numbers,
// keys and values without regard to the blocks' edges. Numbers and texts within one block are read in place; those that
// cross an edge take a slower path and are put together in across_.

namespace quern::shuffle {

Result<bool> RunCursor::next_group() {
  for (; values_left_ > 0; --values_left_) {
    TRY_ASSIGN(std::uint64_t size_bytes, take_number());
    TRY(skip(size_bytes));
  }
  if (used_ == raw_.size() && offset_ == end_) return false;
  TRY(read_segment());
  return true;
}

Result<void> RunCursor::read_segment() {
  TRY_ASSIGN(std::uint64_t count_and_mark, take_number());
  if ((count_and_mark & 1) != 0) TRY(read_key());
  values_left_ = count_and_mark >> 1;
  TRY_ASSIGN(std::uint64_t input, take_number());
  TRY_ASSIGN(std::uint64_t number, take_number());
  address_ = {.input = static_cast<InputOrdinal>(input), .number = static_cast<std::uint32_t>(number)};
  return {};
}

Result<void> RunCursor::read_key() {
  TRY_ASSIGN(std::uint64_t size_bytes, take_number());
  TRY_ASSIGN(std::string_view key, take(size_bytes));
  key_.assign(key);
  return {};
}

Result<bool> RunCursor::next_value() {
  if (values_left_ == 0) return false;
  --values_left_;
  TRY_ASSIGN(std::uint64_t size_bytes, take_number());
  TRY_ASSIGN(value_, take(size_bytes));
  return true;
}

Result<std::uint64_t> RunCursor::take_number() {
  if (raw_.size() - used_ < kMostVarintBytes) return take_number_over_the_edge();
  const char* bytes = raw_.data() + used_;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kMostVarintBytes; ++i) {
    number |= static_cast<std::uint64_t>(bytes[i] & 0x7f) << (7 * i);
    if ((bytes[i] & 0x80) == 0) {
      used_ += i + 1;
      return number;
    }
  }
  return damaged("a number has no end");
}

Result<std::uint64_t> RunCursor::take_number_over_the_edge() {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kMostVarintBytes; ++i) {
    if (used_ == raw_.size()) TRY(next_block());
    char byte = raw_[used_++];
    number |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) return number;
  }
  return damaged("a number has no end");
}

Result<std::string_view> RunCursor::take(std::size_t size_bytes) {
  if (raw_.size() - used_ >= size_bytes) {
    std::string_view bytes(raw_.data() + used_, size_bytes);
    used_ += size_bytes;
    return bytes;
  }
  across_.clear();
  while (true) {
    std::size_t here = std::min(size_bytes - across_.size(), raw_.size() - used_);
    across_.append(raw_, used_, here);
    used_ += here;
    if (across_.size() == size_bytes) return std::string_view(across_);
    TRY(next_block());
  }
}

Result<void> RunCursor::skip(std::size_t size_bytes) {
  while (raw_.size() - used_ < size_bytes) {
    size_bytes -= raw_.size() - used_;
    TRY(next_block());
  }
  used_ += size_bytes;
  return {};
}

Result<void> RunCursor::next_block() {
  if (unpacker_->is_stopped()) return stopped();
  if (offset_ == end_) return damaged("it ends too early");
  std::array<char, run_format::kHeaderBytes> bytes;
  TRY(read_exactly(bytes.data(), bytes.size()));
  run_format::BlockHeader header = run_format::get_header(bytes.data());
  if (header.raw_bytes == 0 || header.raw_bytes > run_->block_bytes ||
      header.payload_bytes > ZSTD_compressBound(run_->block_bytes)) {
    return damaged("a block has an impossible length");
  }
  stored_.resize(header.payload_bytes);
  TRY(read_exactly(stored_.data(), stored_.size()));
  if (XXH3_64bits(stored_.data(), stored_.size()) != header.checksum) return damaged("a block's checksum is wrong");
  raw_.resize(header.raw_bytes);
  used_ = 0;
  std::size_t size_bytes =
      ZSTD_decompressDCtx(unpacker_->get(), raw_.data(), raw_.size(), stored_.data(), stored_.size());
  if (size_bytes != raw_.size()) return damaged("a block cannot be unpacked");
  return {};
}

Result<void> RunCursor::read_exactly(char* target, std::size_t size_bytes) {
  if (end_ - offset_ < size_bytes) return damaged("it ends too early");
  while (size_bytes > 0) {
    ssize_t count = ::pread(run_->fd.number(), target, size_bytes, static_cast<off_t>(offset_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error("reading the shuffle's temporary files in " + run_->folder, errno);
    if (count == 0) return damaged("it ends too early");
    target += count;
    size_bytes -= static_cast<std::size_t>(count);
    offset_ += static_cast<std::uint64_t>(count);
  }
  return {};
}

Error RunCursor::damaged(std::string_view how) const {
  return Error{.kind = ErrorKind::kInternal,
               .message = fmt::format("a temporary file of the shuffle in {} was damaged after it was written: {} near "
                                      "byte {}; check that disk, or choose another folder with --scratch or TMPDIR",
                                      run_->folder, how, offset_)};
}

namespace {

std::deque<RunCursor> run_cursors(const std::vector<const RunFile*>& runs, std::size_t partition,
                                  const std::stop_token& stop) {
  const auto unpacker = std::make_shared<BlockUnpacker>(stop);
  std::deque<RunCursor> cursors;
  for (const RunFile* run : runs) cursors.emplace_back(*run, partition, unpacker);
  return cursors;
}

Result<void> copy_segment(RunCursor& segment, RunWriter& writer) {
  TRY(writer.begin_segment(segment.key(), segment.rank(), segment.values_left()));
  while (segment.values_left() > 0) {
    TRY(segment.next_value());
    TRY(writer.add_value(segment.value()));
  }
  return {};
}

}  // namespace

std::unique_ptr<GroupSource> make_merged_groups(const std::vector<const RunFile*>& runs, std::size_t partition,
                                                const std::stop_token& stop) {
  return std::make_unique<MergedGroups<RunCursor>>(run_cursors(runs, partition, stop));
}

Result<RunFile> merge_runs(const std::vector<const RunFile*>& runs, const RunOptions& options) {
  TRY_ASSIGN(RunWriter writer, RunWriter::make(options, 0));
  for (std::size_t partition = 0; partition < options.partitions; ++partition) {
    Merge<RunCursor> merge(run_cursors(runs, partition, options.stop));
    while (true) {
      TRY_ASSIGN(RunCursor * segment, merge.next());
      if (segment == nullptr) break;
      TRY(copy_segment(*segment, writer));
    }
    TRY(writer.end_partition());
  }
  return writer.finish();
}

}  // namespace quern::shuffle
