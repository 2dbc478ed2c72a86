#include "app/look/look.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "model/limits.h"

namespace quern::app {
namespace {

// Inputs that are read, and how much of them: together what a second is enough for.
constexpr std::size_t kMostLocal = 24;
constexpr std::size_t kMostFetched = 3;
constexpr std::uint64_t kMostFetchedBytes = 16 * limits::kMiB;  // of one input
constexpr std::size_t kMostPieceBytes = 1 * limits::kMiB;
constexpr std::size_t kBeginningsBytes = 6 * limits::kMiB;  // of all inputs together

// Records that are kept, of which one may be an example.
constexpr std::size_t kMostExamples = 1000;
constexpr std::size_t kMostExampleBytes = 2 * limits::kMiB;

double quotient(std::uint64_t left, std::uint64_t right) {
  return static_cast<double>(left) / static_cast<double>(std::max<std::uint64_t>(right, 1));
}

std::uint64_t scaled(std::uint64_t number, double factor) {
  return static_cast<std::uint64_t>(static_cast<double>(number) * factor + 0.5);
}

// Stored bytes, and the decoded or counted ones that correspond to them.
struct Ratio {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  void add(std::uint64_t more_from, std::uint64_t more_to) {
    from += more_from;
    to += more_to;
  }
  double value() const { return quotient(to, from); }
};

class Looker {
 public:
  Looker(const PackedInputs& inputs, std::uint64_t most_records) : inputs_(inputs), most_records_(most_records) {}

  void read(const std::vector<std::size_t>& chosen, const OpenInput& open) {
    const std::size_t share = kBeginningsBytes / std::max<std::size_t>(chosen.size(), 1);
    for (std::size_t input : chosen) {
      samples_.push_back(read_sample(input, inputs_[input], open, std::min(kMostPieceBytes, share)));
    }
  }

  Look look() {
    for (InputSample& sample : samples_) join_table(sample);
    choose_format();
    profile_.emplace(look_.format.records.has_value() && has_only_texts(*look_.format.records));
    for (const InputSample& sample : samples_) {
      if (is_of_format(sample)) read_records(sample);
    }
    look_.paths = profile_->paths();
    describe_inputs();
    estimate();
    return std::move(look_);
  }

 private:
  bool is_of_format(const InputSample& sample) const {
    return sample.problem.empty() && are_of_one_kind(sample.format, look_.format);
  }

  // An export of nothing is often a header alone.
  void join_table(InputSample& sample) const {
    if (!sample.is_whole || sample.pieces.empty()) return;
    for (const InputSample& other : samples_) {
      if (is_header_of(other.format, sample.pieces.front())) sample.format = other.format;
    }
  }

  // The format of most inputs; of the first of them, if several are as frequent. Those with nothing in them do not
  // count. Tables may have different columns, each by its own header; the format then has all of them.
  void choose_format() {
    std::size_t most = 0;
    for (const InputSample& sample : samples_) {
      if (!sample.problem.empty() || sample.format.is_empty) continue;
      const auto count =
          static_cast<std::size_t>(std::count_if(samples_.begin(), samples_.end(), [&](const InputSample& other) {
            return other.problem.empty() && are_of_one_kind(other.format, sample.format);
          }));
      if (count <= most) continue;
      most = count;
      look_.format = sample.format;
    }
    for (const InputSample& sample : samples_) {
      const std::string name = inputs_[sample.input].name.str();
      if (!sample.problem.empty()) {
        look_.failed.push_back({name, sample.problem});
      } else if (!is_of_format(sample) && !sample.format.is_empty) {
        look_.others.push_back({name, in_words(sample.format)});
      }
      // What is empty is as exact as what was read as a whole.
      if (sample.problem.empty()) ++look_.read_inputs;
      if (is_of_format(sample)) add_columns(sample.format);
    }
  }

  void add_columns(const Format& format) {
    std::vector<std::string>& columns = look_.format.columns;
    for (const std::string& column : format.columns) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
    }
    look_.format.is_array = look_.format.is_array && format.is_array;
  }

  void read_records(const InputSample& sample) {
    bool is_all = sample.is_whole;
    const std::uint64_t pieces = samples_.size() * sample.pieces.size();
    for (const Piece& piece : sample.pieces) {
      const std::uint64_t most = std::max<std::uint64_t>((most_records_ + pieces - 1) / pieces, 1);
      const std::uint64_t left = most_records_ - std::min(most_records_, look_.read_records);
      const ReadRecords read =
          for_each_record(sample.format, piece, std::min(most, left), [&](const FoundRecord& record) { take(record); });
      look_.read_records += read.records + read.bad;
      record_bytes_.add(read.records + read.skipped + read.bad, read.bytes);
      look_.read_bytes += read.bytes;
      if (look_.bad_records == 0) look_.bad_reason = read.bad_reason;
      look_.bad_records += read.bad;
      is_all = is_all && read.is_all;
    }
    if (is_all) ++whole_inputs_;
  }

  void take(const FoundRecord& record) {
    if (look_.format.has_paths()) profile_->add(record.text);
    if (has_room()) keep(std::string(record.text));
  }

  bool has_room() const { return look_.examples.size() < kMostExamples && example_bytes_ < kMostExampleBytes; }
  void keep(std::string record) {
    example_bytes_ += record.size();
    look_.examples.push_back(std::move(record));
  }

  void describe_inputs() {
    look_.inputs = inputs_.size();
    look_.remote_inputs = inputs_.remote();
    look_.unknown_sizes = inputs_.of_unknown_size();
    look_.stored_bytes = inputs_.stored_bytes();
    std::vector<Compression> found;
    for (const InputView& input : inputs_) {
      found.push_back(compression_of_name(input.file_name()));
    }
    for (const InputSample& sample : samples_) {
      if (sample.problem.empty()) found[sample.input] = sample.compression;
    }
    for (Compression compression : found) ++look_.compressions[compression];
  }

  // Inputs that were read as a whole are what they are; all others are taken for such as were read of this compression.
  void estimate() {
    std::map<Compression, Ratio> ratios;
    Ratio all;
    std::vector<const InputSample*> sample_of(inputs_.size());
    for (const InputSample& sample : samples_) {
      sample_of[sample.input] = &sample;
      if (!is_of_format(sample)) continue;
      ratios[sample.compression].add(sample.stored_bytes, sample.decoded_bytes);
      all.add(sample.stored_bytes, sample.decoded_bytes);
    }
    std::size_t counted = 0;
    std::size_t position = 0;
    for (const InputView& input : inputs_) {
      const InputSample* sample = sample_of[position++];
      if (sample != nullptr && !is_of_format(*sample)) continue;
      ++counted;
      if (sample != nullptr && sample->is_whole) {
        look_.decoded_bytes += sample->decoded_bytes;
        continue;
      }
      const auto compression = sample != nullptr ? sample->compression : compression_of_name(input.file_name());
      const auto ratio = ratios.find(compression);
      look_.decoded_bytes += scaled(input.stored_bytes, (ratio == ratios.end() ? all : ratio->second).value());
    }
    look_.is_exact = counted == whole_inputs_;
    look_.records = look_.is_exact ? look_.read_records
                                   : std::max(look_.read_records,
                                              scaled(look_.decoded_bytes, 1.0 / std::max(record_bytes_.value(), 1.0)));
    if (look_.read_records == 0) look_.records = 0;
  }

  const PackedInputs& inputs_;
  const std::uint64_t most_records_;
  std::vector<InputSample> samples_;
  std::optional<json::RecordProfile> profile_;
  Ratio record_bytes_;  // from records to their bytes
  std::size_t whole_inputs_ = 0;
  std::size_t example_bytes_ = 0;
  Look look_;
};

}  // namespace

std::vector<std::size_t> inputs_to_read(const PackedInputs& inputs) {
  std::vector<std::size_t> possible;
  std::size_t position = 0;
  for (const InputView& input : inputs) {
    const bool is_moderate = input.size_is_known && input.stored_bytes <= kMostFetchedBytes;
    if (!input.is_remote() || is_moderate) possible.push_back(position);
    ++position;
  }
  std::vector<std::size_t> chosen = spread(possible.size(), inputs.remote() > 0 ? kMostFetched : kMostLocal);
  for (std::size_t& one : chosen) one = possible[one];
  return chosen;
}

Look look_at(const PackedInputs& inputs, const std::vector<std::size_t>& chosen, const OpenInput& open,
             std::uint64_t most_records) {
  Looker looker(inputs, most_records);
  looker.read(chosen, open);
  return looker.look();
}

}  // namespace quern::app
