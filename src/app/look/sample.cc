#include "app/look/sample.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"
#include "stages/decode/decode.h"
#include "stages/decode/decoder.h"

namespace quern::app {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Appends up to `most` bytes. Returns whether the source has ended.
Result<bool> read_up_to(ByteSource& source, std::size_t most, std::string& bytes) {
  const std::size_t end = bytes.size() + most;
  while (bytes.size() < end) {
    const std::size_t start = bytes.size();
    bytes.resize(std::min(end, start + limits::kReadBytes));
    auto count = source.read({bytes.data() + start, bytes.size() - start});
    bytes.resize(start + (count.ok() ? count.value() : 0));
    if (!count.ok()) return std::move(count).error();
    if (count.value() == 0) return true;
  }
  return false;
}

class Sampler {
 public:
  Sampler(std::size_t position, const InputView& input, std::size_t piece_bytes)
      : input_(input), piece_bytes_(piece_bytes) {
    sample_.input = position;
  }

  Result<void> read(const OpenInput& open) {
    TRY_ASSIGN(stored_, open(sample_.input, input_));
    std::string head;
    TRY_ASSIGN(const bool is_all, read_up_to(*stored_, std::min(piece_bytes_, limits::kReadBytes), head));
    sample_.compression = decode::detect(head, input_.file_name());
    Piece first;
    if (sample_.compression == Compression::kNone) {
      first.bytes = std::move(head);
      first.is_end = is_all;
      if (!is_all) {
        TRY_ASSIGN(first.is_end, read_up_to(*stored_, piece_bytes_ - first.bytes.size(), first.bytes));
      }
      sample_.stored_bytes = first.bytes.size();
    } else {
      TRY_ASSIGN(auto decoder, decode::Decoder::make(sample_.compression, limits::kDecodeWindowBytes));
      TRY(decoder->start(std::move(stored_), head));
      TRY_ASSIGN(first.is_end, read_up_to(*decoder, piece_bytes_, first.bytes));
      sample_.stored_bytes = decoder->stored_bytes();
    }
    sample_.decoded_bytes = first.bytes.size();
    sample_.is_whole = first.is_end;
    if (first.bytes.starts_with(kByteOrderMark)) first.bytes.erase(0, kByteOrderMark.size());
    TRY(look_at(first));
    sample_.pieces.push_back(std::move(first));
    return read_later_pieces();
  }

  InputSample take() { return std::move(sample_); }

 private:
  Result<void> look_at(const Piece& first) {
    const decode::Beginning content{
        .bytes = first.bytes, .is_whole = first.is_end, .is_decoded = sample_.compression != Compression::kNone};
    if (auto foreign = decode::foreign_format(content); foreign.has_value()) return bad_input(std::move(*foreign));
    sample_.format = detect_format(content);
    return {};
  }

  // A pipe has no size, and of its middle and its end nothing is known.
  Result<void> read_later_pieces() {
    if (sample_.is_whole || sample_.compression != Compression::kNone) return {};
    const auto size = stored_->size();
    if (!size.ok() || size.value() < 3 * piece_bytes_) return {};
    for (const std::uint64_t offset : {(size.value() - piece_bytes_) / 2, size.value() - piece_bytes_}) {
      Piece piece{.is_start = false, .is_end = offset + piece_bytes_ == size.value()};
      TRY(stored_->seek(offset));
      TRY(read_up_to(*stored_, piece_bytes_, piece.bytes));
      sample_.pieces.push_back(std::move(piece));
    }
    return {};
  }

  const InputView& input_;
  const std::size_t piece_bytes_;
  std::unique_ptr<decode::StoredSource> stored_;
  InputSample sample_;
};

}  // namespace

InputSample read_sample(std::size_t position, const InputView& input, const OpenInput& open, std::size_t piece_bytes) {
  Sampler sampler(position, input, piece_bytes);
  auto read = sampler.read(open);
  InputSample sample = sampler.take();
  if (!read.ok()) sample.problem = read.error().message;
  return sample;
}

std::vector<std::size_t> spread(std::size_t count, std::size_t most) {
  std::vector<std::size_t> numbers;
  if (count <= most) {
    for (std::size_t i = 0; i < count; ++i) numbers.push_back(i);
    return numbers;
  }
  for (std::size_t i = 0; i < most; ++i) numbers.push_back(most == 1 ? 0 : i * (count - 1) / (most - 1));
  return numbers;
}

}  // namespace quern::app
