#include "stages/decode/block_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/text.h"
#include "model/limits.h"
#include "stages/decode/foreign.h"
#include "stages/decode/lines.h"
#include "stages/decode/record_stream.h"

namespace quern::decode {
namespace {

// The buffer holds the packed inputs, [0, start_), followed by what was read of the current one, [start_, size). It is
// filled up to limit_ and cut there, so block ends depend on the decoded bytes alone, never on how many bytes a read
// returned.
//
// An input whose end is not reached before the buffer is full leaves the pack. If it fills the buffer again on its own,
// it is `cut`: it gets blocks of its own until its end. Only a cut input can have records that are longer than a block.
class Blocks final : public BlockSource {
 public:
  Blocks(OpenStored open, const PackedInputs& inputs, const InputRun& run, const DecodeOptions& options,
         BufferPool& pool, EventSink& events)
      : run_(run),
        inputs_(inputs, run.first),
        has_marks_(options.record != RecordKind::kPairs),
        record_lines_(options.record == RecordKind::kPairs ? 2 : 1),
        content_(options.content),
        may_be_archive_(options.compression != Compression::kNone),
        verifies_first_(options.verifies_first),
        stop_(options.stop),
        max_record_bytes_(std::max(options.max_record_bytes, kByteOrderMark.size())),
        // A byte order mark must fit in, or it would not be recognized. And a record that is too long must never fit
        // in.
        limit_(std::max(kByteOrderMark.size(), std::min(options.block_bytes, max_record_bytes_ + 1))),
        pool_(pool),
        events_(events),
        stream_(std::move(open), options) {
    if (!options.format.has_value()) return;
    // They look at the content themselves, before it becomes lines.
    content_ = Content::kAny;
    const bool refuses_foreign = options.content != Content::kAny && may_be_archive_;
    records_.emplace(stream_, *options.format,
                     RecordStream::Options{.wanted_members = options.wanted_members,
                                           .max_record_bytes = max_record_bytes_,
                                           .refuses_foreign = refuses_foreign});
  }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;
  ~Blocks() override { pool_.give(std::move(buffer_)); }

  Result<bool> next(Block& block) override {
    while (is_open_ || next_input_ < run_.count) {
      auto given = advance(block);
      if (!given.ok()) {
        if (given.error().kind == ErrorKind::kStopped) return std::move(given).error();
        fail(given.error());
        if (run_.count == 1) return std::move(given).error();
        continue;
      }
      if (given.value()) return true;
    }
    if (pack_.empty()) return false;
    give_pack(block);
    return true;
  }

 private:
  // One step with the current input. Returns true if it produced a block. An error concerns the current input.
  Result<bool> advance(Block& block) {
    if (!is_open_) TRY(open_next());
    TRY(fill());
    if (is_ended_ && !is_cut_) TRY(refuse_foreign());
    if (is_ended_) return end_input(block);
    if (start_ > 0) {
      give_pack(block);
      return true;
    }
    if (!is_cut_) {
      TRY(refuse_foreign());
      if (verifies_first_) TRY(verify());
      is_cut_ = true;
      report_bad();
    }
    std::size_t end = end_of_last_record(buffer_.view().substr(0, limit_));
    if (end == 0) {
      TRY_ASSIGN(end, read_long_record());
    }
    if (end == 0) return false;
    give_cut(block, end);
    return true;
  }

  // For an input that has not produced a block yet: the buffer holds all of it, or is full of its beginning.
  Result<void> refuse_foreign() const {
    if (content_ == Content::kAny) return {};
    const Beginning begin{
        .bytes = buffer_.view().substr(start_), .is_whole = is_ended_, .is_decoded = stream_.is_decoded()};
    std::optional<std::string> reason;
    if (may_be_archive_) reason = foreign_format(begin);
    if (!reason.has_value() && content_ == Content::kJson) reason = foreign_json(begin);
    if (!reason.has_value()) return {};
    return bad_input(*std::move(reason));
  }

  Result<void> open_next() {
    ordinal_ = run_.first + static_cast<InputOrdinal>(next_input_++);
    input_ = inputs_.next();
    is_open_ = true;
    is_cut_ = false;
    line_ = 1;
    cut_blocks_ = 0;
    return open_stream();
  }

  Result<void> open_stream() {
    is_ended_ = false;
    may_have_mark_ = has_marks_;
    stored_reported_ = 0;
    decoded_reported_ = 0;
    if (records_.has_value()) records_->begin();
    return stream_.open(ordinal_, *input_);
  }

  // Called when the buffer is full of the beginning of the current input alone. Reads the input to its end, and its
  // beginning once more.
  Result<void> verify() {
    while (!is_ended_) {
      if (stop_.stop_requested()) return stopped();
      buffer_.clear();
      TRY(read_more(limit_));
      if (records_.has_value()) records_->take_bad();
    }
    buffer_.clear();
    TRY(open_stream());
    return fill();
  }

  Result<void> fill() {
    while (!is_ended_ && buffer_.size() < limit_ && !has_live_record()) TRY(read_more(limit_ - buffer_.size()));
    return {};
  }

  bool has_live_record() const {
    if (!stream_.is_live()) return false;
    const std::string_view begin = buffer_.view().substr(start_);
    // A bracket alone begins a document of several lines, of which refuse_foreign() must see more.
    const std::string_view text = trimmed(begin, " \t\r\n");
    const bool may_be_document = content_ == Content::kJson && !is_cut_ && (text == "[" || text == "{");
    return end_of_last_record(begin) > 0 && !may_be_document;
  }

  // Terminates the last line if the input ends.
  Result<void> read_more(std::size_t most_bytes) {
    if (buffer_.capacity() == 0) buffer_ = pool_.take(limit_);
    std::size_t used = buffer_.size();
    buffer_.resize(used + most_bytes);
    const std::span<char> target(buffer_.data() + used, most_bytes);
    auto count = records_.has_value() ? records_->read(target) : stream_.read(target);
    buffer_.resize(used + (count.ok() ? count.value() : 0));
    if (!count.ok()) return std::move(count).error();
    is_ended_ = count.value() == 0;
    if (is_cut_ || !verifies_first_) report_bad();
    if (may_have_mark_) remove_mark();
    if (is_ended_ && buffer_.size() > start_ && buffer_.view().back() != '\n') buffer_.push_back('\n');
    return {};
  }

  // Some editors write a byte order mark at the start; it is not part of a record.
  void remove_mark() {
    std::string_view begin = buffer_.view().substr(start_, kByteOrderMark.size());
    if (begin == kByteOrderMark) {
      char* at = buffer_.data() + start_;
      std::size_t rest = buffer_.size() - start_ - kByteOrderMark.size();
      std::memmove(at, at + kByteOrderMark.size(), rest);
      buffer_.resize(start_ + rest);
      may_have_mark_ = false;
    } else if (!kByteOrderMark.starts_with(begin)) {
      may_have_mark_ = false;
    }
  }

  // `bytes` must begin with a record.
  std::size_t end_of_last_record(std::string_view bytes) const {
    const std::size_t end = end_of_last_line(bytes);
    const bool is_whole = record_lines_ == 1 || count_newlines(bytes) % record_lines_ == 0;
    return is_whole ? end : end_of_last_line(bytes.substr(0, end - 1));
  }

  // Called when the buffer is full of the beginning of one record. Returns the end of that record in the buffer, or 0
  // if it was too long and is left out, or if the input ended.
  Result<std::size_t> read_long_record() {
    std::size_t end = 0;
    std::size_t missing = record_lines_;  // line ends still to come
    while (true) {
      end = after_lines(end, missing);
      if (missing == 0) {
        if (line_ == 1) TRY(refuse_only_line(end));
        return end;
      }
      if (is_ended_) return std::size_t{0};
      if (buffer_.size() > max_record_bytes_) break;
      TRY(read_more(std::min(limit_, max_record_bytes_ + 1 - buffer_.size())));
    }
    TRY(skip_record(missing));
    return std::size_t{0};
  }

  // The first line is longer than a block. Only the end of the input shows whether it is the only line.
  Result<void> refuse_only_line(std::size_t end) {
    if (end == buffer_.size() && !is_ended_) TRY(read_more(limit_));
    return is_ended_ && end == buffer_.size() ? refuse_foreign() : Result<void>();
  }

  // Returns the offset after the next `missing` line ends from `from` on, or the end of the buffer. Subtracts the line
  // ends that it finds from `missing`.
  std::size_t after_lines(std::size_t from, std::size_t& missing) const {
    while (missing > 0) {
      const std::size_t end = buffer_.view().find('\n', from);
      if (end == std::string_view::npos) return buffer_.size();
      from = end + 1;
      --missing;
    }
    return from;
  }

  // Skips the rest of a record, which has `missing` more line ends.
  Result<void> skip_record(std::size_t missing) {
    std::string kept(buffer_.view().substr(0, limits::kKeptOfLongRecordBytes));
    std::size_t end = buffer_.size();
    while (!is_ended_ && missing > 0) {
      buffer_.clear();
      TRY(read_more(limit_));
      end = after_lines(0, missing);
    }
    keep_from(end);
    events_.emit(event::RecordBad{
        .input = ordinal_, .line = line_++, .record = std::move(kept), .reason = too_long(max_record_bytes_)});
    return {};
  }

  // Emits the records that are bad in their format. Where an input counts only once it is verified, they wait for that.
  void report_bad() {
    if (!records_.has_value()) return;
    for (formats::BadRecord& bad : records_->take_bad()) {
      events_.emit(event::RecordBad{
          .input = ordinal_, .line = bad.line, .record = std::move(bad.record), .reason = std::move(bad.reason)});
    }
  }

  // Called when the input was read to its verified end.
  Result<bool> end_input(Block& block) {
    std::size_t bytes = buffer_.size() - start_;
    report_bad();
    decoded_bytes_ += report_progress();
    if (bytes > 0 && is_cut_) {
      give_cut(block, bytes);
    } else if (bytes > 0) {
      pack_.push_back(next_segment(bytes));
      start_ = buffer_.size();
    }
    // A packed input is reported as decoded when its block is returned: only then is it known which input leads the
    // block.
    if (bytes == 0 || is_cut_) events_.emit(event::InputDecoded{.input = ordinal_, .blocks = cut_blocks_});
    stream_.close();
    is_open_ = false;
    return bytes > 0 && is_cut_;
  }

  void fail(const Error& error) {
    buffer_.resize(start_);
    report_progress();
    events_.emit(event::InputFailed{.input = ordinal_, .error = error, .was_begun = cut_blocks_ > 0 || line_ > 1});
    stream_.close();
    is_open_ = false;
  }

  // Describes the next `bytes` bytes of the current input, which begin at start_.
  Segment next_segment(std::size_t bytes) {
    std::uint64_t lines = count_newlines(buffer_.view().substr(start_, bytes)) / record_lines_;
    Segment segment{.input = ordinal_, .first_line = line_, .lines = lines, .size_bytes = bytes};
    line_ += lines;
    return segment;
  }

  void give_pack(Block& block) {
    block.address = {.input = pack_.front().input, .number = 0};
    for (const Segment& segment : pack_) {
      bool leads = &segment == &pack_.front();
      events_.emit(event::InputDecoded{.input = segment.input, .blocks = leads ? 1U : 0U});
    }
    block.segments.swap(pack_);
    pack_.clear();
    give_bytes(block, start_);
    start_ = 0;
  }

  void give_cut(Block& block, std::size_t bytes) {
    block.address = {.input = ordinal_, .number = cut_blocks_++};
    block.segments.assign(1, next_segment(bytes));
    decoded_bytes_ += report_progress();
    give_bytes(block, bytes);
  }

  void give_bytes(Block& block, std::size_t bytes) {
    block.record_lines = record_lines_;
    block.made_from_bytes.reset();
    if (records_.has_value()) block.made_from_bytes = std::exchange(decoded_bytes_, 0);
    pool_.give(std::move(block.bytes));
    std::string_view rest = buffer_.view().substr(bytes);
    Buffer next;
    if (!rest.empty()) next = pool_.take(limit_);
    next.append(rest);
    buffer_.resize(bytes);
    block.bytes = std::exchange(buffer_, std::move(next));
  }

  // Drops everything before `offset` and frees the memory that a very long record needed.
  void keep_from(std::size_t offset) {
    Buffer next = pool_.take(limit_);
    next.append(buffer_.view().substr(offset));
    pool_.give(std::exchange(buffer_, std::move(next)));
  }

  // Returns how many bytes were decoded since the last report.
  std::uint64_t report_progress() {
    std::uint64_t stored = stream_.stored_bytes() - std::exchange(stored_reported_, stream_.stored_bytes());
    std::uint64_t decoded = stream_.decoded_bytes() - std::exchange(decoded_reported_, stream_.decoded_bytes());
    if (stored + decoded > 0) {
      events_.emit(event::InputProgress{.input = ordinal_, .stored_bytes = stored, .decoded_bytes = decoded});
    }
    return decoded;
  }

  const InputRun run_;
  PackedInputs::Reader inputs_;
  const bool has_marks_;            // quern's own files have no mark, and may begin with the same bytes
  const std::size_t record_lines_;  // how many lines make a record
  Content content_;
  const bool may_be_archive_;
  const bool verifies_first_;
  const std::stop_token stop_;
  const std::size_t max_record_bytes_;
  const std::size_t limit_;  // maximum length of a block that holds more than one record
  BufferPool& pool_;
  EventSink& events_;
  InputStream stream_;
  std::optional<RecordStream> records_;  // if the records of the stream are not lines
  Buffer buffer_;
  std::size_t start_ = 0;
  std::vector<Segment> pack_;      // of [0, start_)
  std::size_t decoded_bytes_ = 0;  // for the next block

  std::size_t next_input_ = 0;
  // The state of the current input.
  bool is_open_ = false;
  InputOrdinal ordinal_ = 0;
  const InputView* input_ = nullptr;
  bool is_ended_ = false;
  bool is_cut_ = false;
  bool may_have_mark_ = false;
  std::uint64_t line_ = 1;  // number of the line that begins at start_
  std::uint32_t cut_blocks_ = 0;
  std::uint64_t stored_reported_ = 0;
  std::uint64_t decoded_reported_ = 0;
};

}  // namespace

std::unique_ptr<BlockSource> make_block_source(OpenStored open, const PackedInputs& inputs, const InputRun& run,
                                               const DecodeOptions& options, BufferPool& pool, EventSink& events) {
  return std::make_unique<Blocks>(std::move(open), inputs, run, options, pool, events);
}

}  // namespace quern::decode
