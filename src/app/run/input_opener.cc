#include "app/run/input_opener.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "model/pair.h"
#include "stages/decode/block_source.h"
#include "stages/select/select.h"

namespace quern::app {
namespace {

// Enough bytes to recognize every format.
constexpr std::size_t kDetectBytes = 64;

// Turns the pairs of an input into lines of text.
class PairTextSource final : public ByteSource {
 public:
  PairTextSource(std::unique_ptr<ByteSource> pairs, std::string_view separator)
      : source_(std::move(pairs)), maker_(separator) {}

  Result<std::size_t> read(std::span<char> target) override {
    if (used_ == text_.size()) TRY(read_more());
    const std::size_t count = std::min(target.size(), text_.size() - used_);
    std::copy_n(text_.data() + used_, count, target.data());
    used_ += count;
    return count;
  }

 private:
  Result<void> read_more() {
    pairs_.resize(limits::kReadBytes);
    TRY_ASSIGN(std::size_t count, source_->read({pairs_.data(), pairs_.size()}));
    text_.clear();
    used_ = 0;
    maker_.append(pairs_.view().substr(0, count), text_);
    return {};
  }

  const std::unique_ptr<ByteSource> source_;
  PairText maker_;
  Buffer pairs_;
  Buffer text_;
  std::size_t used_ = 0;
};

std::unique_ptr<BlockSource> open_decoded(const InputReading& reading, const InputRun& run, EventSink& events,
                                          const std::stop_token& stop) {
  decode::DecodeOptions options = reading.decode;
  options.stop = stop;
  auto make = [&](EventSink& decoder_events) {
    auto open = [&supply = reading.supply, stop](InputOrdinal ordinal, const InputView& input) {
      return supply.open(ordinal, input, stop);
    };
    return decode::make_block_source(open, reading.inputs.inputs, run, options, reading.pool, decoder_events);
  };
  if (reading.sample == nullptr) return make(events);
  return make_sampled_source(make, run, *reading.sample, reading.blank_is_record, events, stop);
}

Result<Compression> compression_of(InputSupply& supply, InputOrdinal ordinal, const InputView& input,
                                   std::optional<Compression> known) {
  if (known.has_value()) return *known;
  TRY_ASSIGN(auto stored, supply.open(ordinal, input));
  std::array<char, kDetectBytes> first{};
  std::size_t used = 0;
  while (used < first.size()) {
    TRY_ASSIGN(std::size_t count, stored->read(std::span(first).subspan(used)));
    if (count == 0) break;
    used += count;
  }
  return decode::detect({first.data(), used}, input.file_name());
}

// Tells the sample which records a program gets.
class WatchedSource final : public BlockSource {
 public:
  WatchedSource(std::unique_ptr<BlockSource> inner, RecordSample& sample) : inner_(std::move(inner)), sample_(sample) {}
  Result<bool> next(Block& block) override {
    auto more = inner_->next(block);
    if (more.ok() && more.value()) sample_.fed(block);
    return more;
  }

 private:
  const std::unique_ptr<BlockSource> inner_;
  RecordSample& sample_;
};

class Opener final : public InputOpener {
 public:
  explicit Opener(const InputReading& reading) : reading_(reading) {}

  std::unique_ptr<BlockSource> open_blocks(InputOrdinal input, EventSink& events) override {
    const InputRun run{.first = input, .count = 1};
    auto source = open_lines(run, events);
    if (reading_.sample == nullptr) return source;
    return std::make_unique<WatchedSource>(std::move(source), *reading_.sample);
  }

  std::unique_ptr<WorkQueue> queue(std::vector<InputRun> pieces) override {
    auto queue = reading_.supply.queue(std::move(pieces));
    return reading_.sample == nullptr ? std::move(queue) : make_sampled_queue(std::move(queue), *reading_.sample);
  }

  std::vector<InputRun> runs() const override {
    return decode::plan_runs(reading_.inputs.inputs, reading_.decode.block_bytes);
  }

  std::unique_ptr<BlockSource> open_run(const InputRun& run, EventSink& events, const std::stop_token& stop) override {
    return open_decoded(reading_, run, events, stop);
  }

  Result<std::unique_ptr<ByteSource>> open_bytes(InputOrdinal input) override {
    const Input named = reading_.inputs.inputs[input];
    TRY_ASSIGN(Compression compression, compression_of(reading_.supply, input, named, reading_.decode.compression));
    TRY_ASSIGN(auto stored, reading_.supply.open(input, named));
    if (reading_.decode.record == RecordKind::kPairs) {
      const std::string& separator = reading_.decode.separator;
      return std::unique_ptr<ByteSource>(std::make_unique<PairTextSource>(std::move(stored), separator));
    }
    if (compression == Compression::kNone) return std::unique_ptr<ByteSource>();
    return decode::make_decoder(compression, std::move(stored));
  }

  Result<void> check_size(InputOrdinal input) override {
    auto stored = reading_.supply.open(input, reading_.inputs.inputs[input]);
    if (!stored.ok()) return {};
    auto size_bytes = stored.value()->size();
    return size_bytes.ok() ? Result<void>() : std::move(size_bytes).error();
  }

 private:
  std::unique_ptr<BlockSource> open_lines(const InputRun& run, EventSink& events) {
    const decode::DecodeOptions& options = reading_.decode;
    if (!options.format.has_value()) return open_selected(reading_, run, events, options.stop);
    // A program is not to see the empty lines that stand for lines which are not records.
    auto source = open_decoded(reading_, run, events, options.stop);
    return select::make_selecting_source(std::move(source), reading_.selection, options.record, events, reading_.pool);
  }

  const InputReading reading_;
};

}  // namespace

std::unique_ptr<BlockSource> open_selected(const InputReading& reading, const InputRun& run, EventSink& events,
                                           const std::stop_token& stop) {
  auto source = open_decoded(reading, run, events, stop);
  if (reading.selection.is_all()) return source;
  return select::make_selecting_source(std::move(source), reading.selection, reading.decode.record, events,
                                       reading.pool);
}

std::unique_ptr<InputOpener> make_input_opener(const InputReading& reading) {
  return std::make_unique<Opener>(reading);
}

Result<std::unique_ptr<ByteSource>> open_decoded_bytes(InputSupply& supply, InputOrdinal ordinal,
                                                       const InputView& input, std::optional<Compression> compression) {
  TRY_ASSIGN(Compression known, compression_of(supply, ordinal, input, compression));
  TRY_ASSIGN(auto stored, supply.open(ordinal, input));
  if (known == Compression::kNone) return std::unique_ptr<ByteSource>(std::move(stored));
  return decode::make_decoder(known, std::move(stored));
}

}  // namespace quern::app
