#include "stages/decode/record_stream.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "model/limits.h"
#include "stages/decode/foreign.h"
#include "stages/decode/lines.h"

namespace quern::decode {
namespace {

// How much of an input is looked at to see what it is, if its records are not lines.
constexpr std::size_t kBeginningBytes = 64 * limits::kKiB;

}  // namespace

RecordStream::RecordStream(InputStream& decoded, const RecordFormat& format, const Options& options)
    : decoded_(decoded), options_(options), reader_(formats::make_record_reader(format, options.wanted_members)) {}

void RecordStream::begin() {
  reader_->begin();
  bytes_.clear();
  taken_ = 0;
  is_begun_ = false;
  is_ended_ = false;
  is_done_ = false;
  records_.lines.clear();
  records_.bad.clear();
  given_ = 0;
}

Result<std::size_t> RecordStream::read(std::span<char> target) {
  while (given_ == records_.lines.size() && !is_done_) TRY(read_records());
  const std::size_t count = std::min(target.size(), records_.lines.size() - given_);
  std::copy_n(records_.lines.data() + given_, count, target.data());
  given_ += count;
  return count;
}

std::vector<formats::BadRecord> RecordStream::take_bad() { return std::exchange(records_.bad, {}); }

Result<void> RecordStream::read_records() {
  records_.lines.clear();
  given_ = 0;
  const std::string_view rest = bytes_.view().substr(taken_);
  if (is_begun_) {
    TRY_ASSIGN(const std::size_t taken, reader_->take(rest, is_ended_, records_));
    taken_ += taken;
    CHECK(taken > 0 || !is_ended_ || rest.empty());
    if (taken > 0) return {};
    is_done_ = is_ended_;
    if (is_done_) return {};
  }
  if (rest.size() > options_.max_record_bytes) {
    taken_ += reader_->drop(rest, too_long(options_.max_record_bytes), records_);
    return {};
  }
  return is_begun_ ? read_more() : read_beginning();
}

// Reads as many bytes as wait already, so a long record is not looked at many times; and no more than one record may
// have, so which records are too long does not depend on how many bytes a read returns.
Result<void> RecordStream::read_more() {
  const std::size_t waiting = bytes_.size() - std::exchange(taken_, 0);
  if (waiting > 0) std::memmove(bytes_.data(), bytes_.data() + bytes_.size() - waiting, waiting);
  bytes_.resize(waiting + std::min(std::max(waiting, limits::kReadBytes), options_.max_record_bytes + 1 - waiting));
  auto count = decoded_.read({bytes_.data() + waiting, bytes_.size() - waiting});
  bytes_.resize(waiting + (count.ok() ? count.value() : 0));
  if (!count.ok()) return std::move(count).error();
  is_ended_ = count.value() == 0;
  return {};
}

// Reads enough to see what the input is, and removes a byte order mark.
Result<void> RecordStream::read_beginning() {
  is_begun_ = true;
  const std::size_t wanted = std::min(kBeginningBytes, options_.max_record_bytes + 1);
  const auto is_enough = [&] { return bytes_.size() >= (decoded_.is_live() ? kByteOrderMark.size() : wanted); };
  while (!is_ended_ && !is_enough()) TRY(read_more());
  if (options_.refuses_foreign) {
    auto reason = foreign_format({.bytes = bytes_.view(), .is_whole = is_ended_, .is_decoded = decoded_.is_decoded()});
    if (reason.has_value()) return bad_input(*std::move(reason));
  }
  if (bytes_.view().starts_with(kByteOrderMark)) taken_ = kByteOrderMark.size();
  return {};
}

}  // namespace quern::decode
