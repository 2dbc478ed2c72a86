#include <bzlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "stages/decode/codec.h"

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

}  // namespace quern::decode
