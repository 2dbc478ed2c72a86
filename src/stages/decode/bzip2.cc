#include <bzlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "stages/decode/codec.h"
#include "stages/decode/stored_parts.h"

namespace quern::decode {
namespace {

class Bzip2Codec final : public Codec {
 public:
  Bzip2Codec() = default;
  Bzip2Codec(const Bzip2Codec&) = delete;
  Bzip2Codec& operator=(const Bzip2Codec&) = delete;
  ~Bzip2Codec() override { end_stream(); }

  Result<void> reset() override {
    end_stream();
    streams_ = 0;
    return {};
  }

  Result<void> decode(Work& work) override {
    if (!is_in_stream_) {
      if (work.stored.empty()) return {};
      TRY(start_stream());
    }
    constexpr std::size_t kMost = std::numeric_limits<unsigned>::max();
    auto given = static_cast<unsigned>(std::min(work.stored.size(), kMost));
    auto room = static_cast<unsigned>(std::min(work.target.size(), kMost));
    // libbz2 does not write to its input; its interface predates const.
    stream_.next_in = const_cast<char*>(work.stored.data());
    stream_.avail_in = given;
    stream_.next_out = work.target.data();
    stream_.avail_out = room;
    int status = BZ2_bzDecompress(&stream_);
    work.stored = work.stored.subspan(given - stream_.avail_in);
    work.target = work.target.subspan(room - stream_.avail_out);
    if (status == BZ_STREAM_END) {
      end_stream();
      ++streams_;
      return {};
    }
    if (status == BZ_OK) return {};
    return error_of(status);
  }

  bool is_complete() const override { return !is_in_stream_; }
  std::string_view piece() const override { return "stream"; }

 private:
  Result<void> start_stream() {
    stream_ = {};
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) return out_of_memory();
    is_in_stream_ = true;
    return {};
  }

  void end_stream() {
    if (is_in_stream_) BZ2_bzDecompressEnd(&stream_);
    is_in_stream_ = false;
  }

  Error error_of(int status) const {
    if (status == BZ_MEM_ERROR) return out_of_memory();
    if (status != BZ_DATA_ERROR_MAGIC) return bad_data("the compressed data is damaged or its checksum does not match");
    return streams_ > 0 ? garbage_after("stream") : bad_data("this is not bzip2 data");
  }

  bz_stream stream_{};
  bool is_in_stream_ = false;
  std::uint64_t streams_ = 0;
};

}  // namespace

Result<std::unique_ptr<Codec>> make_bzip2_codec() { return std::unique_ptr<Codec>(std::make_unique<Bzip2Codec>()); }

// Bzip2 as pbzip2 writes it: streams of one block each. The format does not store the length of a stream, so a stream
// is assumed to end where the next one seems to begin. If data only looks like a beginning, the part turns out to be
// incomplete when it is decoded.

namespace {

constexpr std::string_view kBlockMark = "\x31\x41\x59\x26\x53\x59";
constexpr std::size_t kHeadBytes = 4;  // "BZh9"
// A stream of one block hardly ever decodes to more, unless its data is extremely repetitive.
constexpr std::size_t kMostStreamBytes = 4 * limits::kMiB;

bool is_head(std::string_view bytes) { return bytes.starts_with("BZh") && bytes[3] >= '1' && bytes[3] <= '9'; }

// Returns where a stream begins in `bytes`, at `from` or later.
std::size_t find_stream(std::string_view bytes, std::size_t from) {
  std::size_t mark = bytes.find(kBlockMark, from + kHeadBytes);
  while (mark != std::string_view::npos && !is_head(bytes.substr(mark - kHeadBytes, kHeadBytes))) {
    mark = bytes.find(kBlockMark, mark + 1);
  }
  return mark == std::string_view::npos ? mark : mark - kHeadBytes;
}

}  // namespace

Result<std::optional<Piece>> find_bzip2_stream(StoredWindow& window, std::size_t at, const PartLimits& limits) {
  const std::size_t most_stored = std::min(limits.most_bytes, kMostStreamBytes);
  std::size_t seen = at + 1;  // no stream begins before this
  while (true) {
    TRY_ASSIGN(std::string_view ahead, window.peek(seen + limits::kReadBytes));
    std::size_t end = find_stream(ahead, seen);
    bool is_whole_rest = end == std::string_view::npos && ahead.size() < seen + limits::kReadBytes;
    if (is_whole_rest) end = ahead.size();
    if (end != std::string_view::npos) {
      if (end - at > most_stored) return std::optional<Piece>();
      return std::optional<Piece>({.stored_bytes = end - at, .most_decoded_bytes = most_stored});
    }
    if (ahead.size() - at > most_stored) return std::optional<Piece>();
    seen = ahead.size() - kHeadBytes - kBlockMark.size() + 1;
  }
}

}  // namespace quern::decode
