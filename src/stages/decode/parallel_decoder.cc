#include "stages/decode/parallel_decoder.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

// The owner's thread cuts the stored file into parts that are complete files of their format (stored_parts.h) and puts
// them into the slots of a ring. Worker threads decode the slots, and the owner takes the results in order. If a part
// does not decode to its end, or anything else is unexpected, a Decoder reads the file again from its start and skips
// the bytes that were already returned, so that results and errors never depend on the cuts. docs/decisions/0007 has
// the reasons.

namespace quern::decode {
namespace {

using Found = PartSplitter::Found;

// One part is being read from while each thread decodes another, and one more is ready so that no thread has to wait.
constexpr std::size_t kExtraSlots = 2;

}  // namespace

ParallelDecoder::ParallelDecoder(const ParallelOptions& options)
    : options_(options),
      stored_buffers_(options.threads + kExtraSlots, std::numeric_limits<std::size_t>::max()),
      decoded_buffers_(options.threads + kExtraSlots, std::numeric_limits<std::size_t>::max()),
      jobs_(options.threads + kExtraSlots),
      workers_({}) {
  CHECK(options.parts.joined_bytes <= options.parts.most_bytes);
  for (std::size_t i = 0; i < options.threads + kExtraSlots; ++i) slots_.push_back(std::make_unique<Slot>());
}

bool ParallelDecoder::start(Compression compression, Open open) {
  close();
  compression_ = compression;
  open_ = std::move(open);
  given_bytes_ = 0;
  stored_bytes_ = 0;
  if (!open_parts() || !start_workers()) {
    close();
    return false;
  }
  return true;
}

// If the system has no more threads, the Decoder is used, which needs none.
bool ParallelDecoder::start_workers() {
  if (std::exchange(has_tried_workers_, true)) return has_workers_;
  has_workers_ = true;
  for (std::size_t i = 1; i <= options_.threads && has_workers_; ++i) {
    has_workers_ =
        workers_.spawn("part decoder " + std::to_string(i), [this](const std::stop_token& stop) { return work(stop); });
  }
  return has_workers_;
}

// Errors of the disk are left to the Decoder, like everything else that may be wrong with a file.
bool ParallelDecoder::open_parts() {
  auto stored = open_();
  if (!stored.ok()) return false;
  stored_ = std::move(stored).value();
  auto splitter = make_part_splitter(compression_, *stored_, options_.parts);
  if (!splitter.ok() || splitter.value() == nullptr) return false;
  splitter_ = std::move(splitter).value();
  found_ = Found::kPart;
  look_ahead();
  return busy_ + (has_found_part_ ? 1 : 0) >= 2;
}

void ParallelDecoder::close() {
  drop_parts();
  rest_.reset();
  splitter_.reset();
  stored_.reset();
}

std::uint64_t ParallelDecoder::stored_bytes() const {
  return std::max(stored_bytes_, rest_ == nullptr ? 0 : rest_->stored_bytes());
}

Result<std::size_t> ParallelDecoder::read(std::span<char> target) {
  if (rest_ != nullptr) return rest_->read(target);
  while (unread_.empty()) {
    look_ahead();
    if (busy_ == 0 && found_ == Found::kEnd) return std::size_t{0};
    const Slot* slot = busy_ > 0 ? &take_part() : nullptr;
    if (slot != nullptr && slot->is_good) {
      unread_ = {taken_.data(), taken_.size()};
      stored_bytes_ = slot->part.end;
      continue;
    }
    TRY(start_over());
    return rest_->read(target);
  }
  std::size_t count = std::min(target.size(), unread_.size());
  std::copy_n(unread_.begin(), count, target.begin());
  unread_ = unread_.subspan(count);
  given_bytes_ += count;
  return count;
}

// Hands parts to the threads while slots and memory permit. One part is always permitted.
void ParallelDecoder::look_ahead() {
  while (busy_ < slots_.size() && find_part()) {
    Slot& slot = slot_at(busy_);
    if (busy_ > 0 && ahead_bytes_ + slot.part.most_decoded_bytes > options_.ahead_bytes) return;
    has_found_part_ = false;
    ahead_bytes_ += slot.part.most_decoded_bytes;
    ++busy_;
    slot.compression = compression_;
    slot.decoded = decoded_buffers_.take(slot.part.most_decoded_bytes + 1);
    jobs_.push(&slot);
  }
}

bool ParallelDecoder::find_part() {
  if (has_found_part_ || found_ != Found::kPart) return has_found_part_;
  Part& part = slot_at(busy_).part;
  if (part.stored.capacity() == 0) part.stored = stored_buffers_.take(0);
  auto found = splitter_->next(part);
  found_ = found.ok() ? found.value() : Found::kNone;
  has_found_part_ = found_ == Found::kPart;
  return has_found_part_;
}

// Waits for the first busy slot; the caller checks whether it was a valid part. A part of bounded size is decoded in
// bounded time, so this wait needs no stop token.
const ParallelDecoder::Slot& ParallelDecoder::take_part() {
  Slot& slot = slot_at(0);
  slot.is_done.acquire();
  first_ = (first_ + 1) % slots_.size();
  --busy_;
  ahead_bytes_ -= slot.part.most_decoded_bytes;
  stored_buffers_.give(std::move(slot.part.stored));
  decoded_buffers_.give(std::exchange(taken_, std::move(slot.decoded)));
  return slot;
}

void ParallelDecoder::drop_parts() {
  while (auto waiting = jobs_.try_pop()) {
    (*waiting)->is_good = false;
    (*waiting)->is_done.release();
  }
  while (busy_ > 0) take_part();
  unread_ = {};
  has_found_part_ = false;
  found_ = Found::kNone;
}

// Starts at the beginning of the file, because only then does the Decoder report exactly the same errors.
Result<void> ParallelDecoder::start_over() {
  drop_parts();
  splitter_.reset();
  stored_.reset();
  TRY_ASSIGN(auto rest, Decoder::make(compression_, options_.file_window_bytes));
  TRY_ASSIGN(auto stored, open_());
  TRY(rest->start(std::move(stored), ""));
  taken_.resize(limits::kReadBytes);
  for (std::uint64_t left = given_bytes_; left > 0;) {
    std::size_t most = std::min<std::uint64_t>(left, taken_.size());
    TRY_ASSIGN(std::size_t count, rest->read({taken_.data(), most}));
    if (count == 0) return bad_data("the file changed while it was read; run again once nothing writes to it");
    left -= count;
  }
  rest_ = std::move(rest);
  return {};
}

Result<void> ParallelDecoder::work(const std::stop_token& stop) {
  Compression made_for = Compression::kNone;
  std::unique_ptr<Codec> codec;
  while (auto job = jobs_.pop(stop)) {
    Slot& slot = **job;
    auto decoded = without_exceptions([&]() -> Result<bool> {
      if (slot.compression != made_for) {
        TRY_ASSIGN(codec, make_codec(slot.compression, options_.window_bytes));
        made_for = slot.compression;
      }
      return decode_part(*codec, slot.part, slot.decoded);
    });
    slot.is_good = decoded.ok() && decoded.value();
    slot.is_done.release();
  }
  return {};
}

// A part is valid if a Decoder that reached its start would reach its end with the same bytes, and continue from there.
bool ParallelDecoder::decode_part(Codec& codec, const Part& part, Buffer& decoded) {
  if (!codec.reset().ok()) return false;
  // One extra byte of space shows whether there is more.
  decoded.resize(part.most_decoded_bytes + 1);
  Codec::Work work{
      .stored = {part.stored.data(), part.stored.size()}, .is_last = true, .target = {decoded.data(), decoded.size()}};
  std::size_t left = 0;
  do {
    left = work.stored.size() + work.target.size();
    if (!codec.decode(work).ok()) return false;
  } while (work.stored.size() + work.target.size() < left);
  decoded.resize(decoded.size() - work.target.size());
  return work.stored.empty() && codec.may_continue();
}

}  // namespace quern::decode
