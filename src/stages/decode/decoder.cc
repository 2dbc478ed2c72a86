#include "stages/decode/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/limits.h"
#include "stages/decode/decode.h"

namespace quern::decode {

Result<std::unique_ptr<Decoder>> Decoder::make(Compression compression, std::size_t memory_bytes) {
  TRY_ASSIGN(auto codec, make_codec(compression, memory_bytes));
  return std::unique_ptr<Decoder>(new Decoder(compression, std::move(codec)));
}

Result<void> Decoder::start(std::unique_ptr<ByteSource> stored, std::string_view first_bytes) {
  stored_ = std::move(stored);
  buffer_.reserve(limits::kReadBytes);
  buffer_.clear();
  buffer_.append(first_bytes);
  window_ = {buffer_.data(), buffer_.size()};
  offset_ = 0;
  is_last_ = false;
  return codec_->reset();
}

Result<std::size_t> Decoder::read(std::span<char> target) {
  while (true) {
    if (window_.empty() && !is_last_) TRY(refill());
    if (is_last_ && window_.empty() && offset_ == 0) return end_of_nothing();
    Codec::Work work{.stored = window_, .is_last = is_last_, .target = target};
    auto done = codec_->decode(work);
    std::size_t used = window_.size() - work.stored.size();
    std::size_t given = target.size() - work.target.size();
    window_ = work.stored;
    offset_ += used;
    if (!done.ok()) return explain(std::move(done).error());
    if (given > 0) return given;
    if (used > 0) continue;
    if (!window_.empty()) return explain(bad_data("the decoder makes no progress: the data is damaged"));
    if (is_last_) return finish();
  }
}

Result<void> Decoder::refill() {
  buffer_.resize(limits::kReadBytes);
  TRY_ASSIGN(std::size_t count, stored_->read({buffer_.data(), buffer_.size()}));
  window_ = {buffer_.data(), count};
  is_last_ = count == 0;
  return {};
}

Result<std::size_t> Decoder::finish() const {
  if (codec_->is_complete()) return std::size_t{0};
  return bad_data(fmt::format("{}: the data ends in the middle of a {}, at byte {}; the file is truncated",
                              name_of(compression_), codec_->piece(), offset_));
}

// The programs of all formats except lz4 refuse a file of no bytes, which is most often the result of a failed
// transfer.
Result<std::size_t> Decoder::end_of_nothing() const {
  if (compression_ == Compression::kLz4) return std::size_t{0};
  return bad_data(
      fmt::format("{}: the file is empty, so it is not {} data; with `decompress: none` it counts as a file "
                  "without records",
                  name_of(compression_), name_of(compression_)));
}

Error Decoder::explain(Error error) const {
  error.message = fmt::format("{}: {}, at byte {} of the stored file", name_of(compression_), error.message, offset_);
  return error;
}

Result<std::unique_ptr<ByteSource>> make_decoder(Compression compression, std::unique_ptr<ByteSource> stored) {
  if (compression == Compression::kNone) return stored;
  TRY_ASSIGN(auto decoder, Decoder::make(compression, limits::kDecodeWindowBytes));
  TRY(decoder->start(std::move(stored), ""));
  return std::unique_ptr<ByteSource>(std::move(decoder));
}

}  // namespace quern::decode
