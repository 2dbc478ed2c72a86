#include "stages/decode/input_stream.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "model/limits.h"
#include "stages/decode/decode.h"

namespace quern::decode {
namespace {

// Whether these few bytes cannot begin any format: all begin with control characters or with bytes that are not UTF-8,
// but for bzip2's name.
bool is_text(std::string_view bytes) {
  constexpr std::size_t kMarkBytes = 4;
  const std::string_view text = bytes.substr(0, utf8::first_invalid(bytes));
  const bool is_enough = text.find('\n') != std::string_view::npos || text.size() >= kMarkBytes;
  return is_enough && !text.starts_with("BZh") && std::ranges::all_of(text.substr(0, kMarkBytes), [](char byte) {
           return static_cast<unsigned char>(byte) >= ' ' || byte == '\t' || byte == '\r' || byte == '\n';
         });
}

}  // namespace

Result<void> InputStream::open(InputOrdinal ordinal, const InputView& input) {
  close();
  ordinal_ = ordinal;
  input_ = &input;
  decoded_bytes_ = 0;
  TRY_ASSIGN(stored_, open_(ordinal, input));
  is_first_read_ = true;
  is_live_ = is_prompt_ && !stored_->size().ok();
  return {};
}

void InputStream::close() {
  stored_.reset();
  if (decoder_ != nullptr) decoder_->close();
  decoder_ = nullptr;
  sniffed_left_ = {};
}

Result<std::size_t> InputStream::read(std::span<char> target) {
  auto count = is_first_read_ ? read_first(target) : read_next(target);
  if (count.ok()) decoded_bytes_ += count.value();
  return count;
}

// The first bytes determine the decoder. They are read directly into the target if no decoder is needed.
Result<std::size_t> InputStream::read_first(std::span<char> target) {
  is_first_read_ = false;
  bool is_roomy = target.size() >= kSniffedBytes;
  std::span<char> place = is_roomy ? target.first(std::min(target.size(), limits::kReadBytes)) : std::span(sniffed_);
  std::size_t count = 0;
  while (count < kSniffedBytes) {
    TRY_ASSIGN(std::size_t more, stored_->read(place.subspan(count)));
    if (more == 0) break;
    count += more;
    const std::string_view begin(place.data(), count);
    if (is_live_ && (is_text(begin) || detect(begin, input_->file_name()) != Compression::kNone)) break;
  }
  std::string_view first_bytes(place.data(), count);
  Compression compression = compression_.value_or(detect(first_bytes, input_->file_name()));
  if (compression != Compression::kNone) {
    TRY(start_decoder(compression, first_bytes));
    return decoder_->read(target);
  }
  if (is_roomy) return count;
  sniffed_left_ = place.first(count);
  return read_next(target);
}

Result<std::size_t> InputStream::read_next(std::span<char> target) {
  if (decoder_ != nullptr) return decoder_->read(target);
  if (sniffed_left_.empty()) return stored_->read(target);
  std::size_t count = std::min(target.size(), sniffed_left_.size());
  std::copy_n(sniffed_left_.begin(), count, target.begin());
  sniffed_left_ = sniffed_left_.subspan(count);
  return count;
}

Result<void> InputStream::start_decoder(Compression compression, std::string_view first_bytes) {
  if (start_parallel(compression)) {
    stored_.reset();
    return {};
  }
  auto& kept = decoders_[static_cast<std::size_t>(compression)];
  if (kept == nullptr) {
    TRY_ASSIGN(kept, Decoder::make(compression, limits::kDecodeWindowBytes));
  }
  decoder_ = kept.get();
  return kept->start(std::move(stored_), first_bytes);
}

bool InputStream::start_parallel(Compression compression) {
  if (threads_ < 2 || input_->stored_bytes < limits::kParallelStoredBytes) return false;
  if (parallel_ == nullptr) parallel_ = std::make_unique<ParallelDecoder>(ParallelOptions{.threads = threads_});
  if (!parallel_->start(compression, [this] { return open_(ordinal_, *input_); })) return false;
  decoder_ = parallel_.get();
  return true;
}

}  // namespace quern::decode
