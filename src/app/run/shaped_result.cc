#include "app/run/shaped_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/run/map_phase.h"
#include "arithmetic/number.h"
#include "model/aggregate.h"
#include "model/column_value.h"
#include "model/limits.h"
#include "model/result_shape.h"
#include "services/disk/files.h"
#include "stages/output/row_writer.h"
#include "stages/shuffle/shuffle.h"

namespace quern::app {
namespace {

// The share of limits.memory for the order of the result.
constexpr std::uint64_t kOrderShare = 4;
// The share of that for the lines that `first` may keep. If they need more, all lines are sorted.
constexpr std::uint64_t kBestShare = 4;
constexpr std::size_t kMostLineBytes = std::size_t{1} << 30;

// Passes on the first lines of a text.
class FirstLines final : public output::ResultTarget {
 public:
  FirstLines(std::uint64_t most, std::unique_ptr<ResultTarget> target) : left_(most), target_(std::move(target)) {}

  Result<void> write(std::string_view bytes) override {
    std::size_t end = 0;
    while (left_ > 0 && end < bytes.size()) {
      const std::size_t line_end = bytes.find('\n', end);
      if (line_end != std::string_view::npos) --left_;
      end = std::min(line_end, bytes.size() - 1) + 1;
    }
    return target_->write(bytes.substr(0, end));
  }
  std::uint64_t size_bytes() const override { return target_->size_bytes(); }
  Result<void> rest() override { return target_->rest(); }
  Result<void> finish() override { return target_->finish(); }
  Result<void> commit() override { return target_->commit(); }

 private:
  std::uint64_t left_;
  const std::unique_ptr<ResultTarget> target_;
};

// The least of the keys so far, as many as `first` keeps: a line with a larger key cannot be among the first ones.
class BestKeys {
 public:
  BestKeys(std::optional<std::uint64_t> first, std::uint64_t memory_bytes)
      : most_(first.value_or(0)), memory_bytes_(memory_bytes) {}

  // Returns whether the line with this key may be among the first ones. Of equal keys, the earlier lines are.
  bool take(const std::string& key) {
    if (most_ == 0) return true;
    if (heap_.size() == most_ && key >= heap_.front()) return false;
    held_bytes_ += kEntryBytes + key.size();
    heap_.push_back(key);
    std::push_heap(heap_.begin(), heap_.end());
    if (heap_.size() > most_) {
      std::pop_heap(heap_.begin(), heap_.end());
      held_bytes_ -= kEntryBytes + heap_.back().size();
      heap_.pop_back();
    }
    if (held_bytes_ > memory_bytes_) *this = BestKeys(std::nullopt, 0);
    return true;
  }

 private:
  static constexpr std::uint64_t kEntryBytes = 64;

  std::uint64_t most_;  // 0: any number
  std::uint64_t memory_bytes_;
  std::uint64_t held_bytes_ = 0;
  std::vector<std::string> heap_;
};

// Sorts lines by a cell, in bounded memory: as pairs of what the cell sorts by and the line. Lines with the same key
// keep their order, as the values of a key do in a shuffle.
class SortedLines {
 public:
  static Result<std::unique_ptr<SortedLines>> make(const Run& run) {
    const std::uint64_t memory = order_memory(*run.job);
    TRY_ASSIGN(auto folder, disk::ScratchFolder::make(run.scratch_parent));
    return std::unique_ptr<SortedLines>(new SortedLines(run, memory, std::move(folder)));
  }

  Result<void> add(std::string_view cell, std::string_view line) {
    key_.clear();
    append_value_order(shown_result(cell), is_descending_, key_);
    if (!best_.take(key_)) return {};
    append_pair(key_, kBetweenInside, line, lines_);
    return lines_.size() < limits::kBlockBytes ? Result<void>() : hand_over();
  }

  Result<std::unique_ptr<GroupSource>> finish() {
    TRY(hand_over());
    sink_.reset();
    TRY(shuffle_->finish());
    return shuffle_->groups(0);
  }

 private:
  SortedLines(const Run& run, std::uint64_t memory, disk::ScratchFolder folder)
      : is_descending_(run.job->order->is_descending),
        best_(run.job->first, memory / kBestShare),
        folder_(std::move(folder)),
        shuffle_(shuffle::Shuffle::make({.separator = std::string(kBetweenInside),
                                         .memory_bytes = memory - memory / kBestShare,
                                         .scratch_folder = folder_.path(),
                                         .threads = processes_of(*run.job),
                                         .stop = run.stop_token()})),
        sink_(shuffle_->sink()) {}

  Result<void> hand_over() {
    BlockOutput output{.address = {.input = 0, .number = blocks_++}};
    output.lines.push_back(std::exchange(lines_, {}));
    return sink_->commit(std::move(output));
  }

  const bool is_descending_;
  BestKeys best_;
  const disk::ScratchFolder folder_;
  const std::unique_ptr<shuffle::Shuffle> shuffle_;
  std::unique_ptr<BlockSink> sink_;
  std::uint32_t blocks_ = 0;
  std::string key_;
  Buffer lines_;
};

class ShapedResult final : public output::ResultTarget {
 public:
  ShapedResult(const Run& run, std::unique_ptr<ResultTarget> target)
      : run_(run),
        has_columns_(has_named_columns(*run.job)),
        group_parts_(run.job->group.size()),
        ordered_(ordered_column(*run.job)),
        left_(run.job->first.value_or(UINT64_MAX)),
        target_(std::move(target)),
        rows_({.format = run.job->result_format,
               .columns = result_columns(*run.job),
               .separator = run.job->separator,
               .are_pairs = !has_columns_},
              *target_) {}

  // Pairs may be cut anywhere.
  Result<void> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      text_[in_value_].append(bytes.substr(0, end));
      if (text_[in_value_].size() > kMostLineBytes) return too_long();
      if (end == std::string_view::npos) return {};
      bytes.remove_prefix(end + 1);
      in_value_ = !in_value_;
      if (in_value_) continue;
      TRY(take_pair());
      text_[0].clear();
      text_[1].clear();
    }
    return {};
  }
  std::uint64_t size_bytes() const override { return target_->size_bytes(); }
  Result<void> rest() override {
    TRY(rows_.finish());
    return target_->rest();
  }

  Result<void> finish() override {
    CHECK(!in_value_);
    TRY(begin());
    if (sorted_ != nullptr) TRY(write_sorted());
    sorted_.reset();
    TRY(rows_.finish());
    return target_->finish();
  }
  Result<void> commit() override { return target_->commit(); }

 private:
  static Error too_long() {
    return bad_input(fmt::format("a line of the result has more than {}, which order and format cannot hold",
                                 format_bytes(kMostLineBytes)));
  }

  Result<void> begin() {
    if (is_begun_) return {};
    is_begun_ = true;
    return rows_.begin();
  }

  Result<void> take_pair() {
    TRY(begin());
    if (!ordered_.has_value()) return write_row(text_[0], text_[1]);
    if (sorted_ == nullptr) {
      TRY_ASSIGN(sorted_, SortedLines::make(run_));
    }
    if (!read_cells(text_[0], text_[1])) return damaged();
    line_.clear();
    append_cell(text_[0], line_);
    line_ += text_[1];
    return sorted_->add(cells_[*ordered_], line_);
  }

  Result<void> write_sorted() {
    TRY_ASSIGN(auto groups, sorted_->finish());
    while (left_ > 0) {
      TRY_ASSIGN(bool has_group, groups->next_group());
      if (!has_group) return {};
      while (left_ > 0) {
        TRY_ASSIGN(bool has_value, groups->next_value());
        if (!has_value) break;
        std::string_view value = groups->value();
        const std::optional<std::string_view> key = take_cell(value);
        CHECK(key.has_value());
        TRY(write_row(*key, value));
      }
    }
    return {};
  }

  Result<void> write_row(std::string_view key, std::string_view value) {
    if (left_ == 0) return {};
    --left_;
    return read_cells(key, value) ? rows_.write(cells_) : damaged();
  }

  // Only parts that another program wrote can be.
  static Error damaged() { return bad_input("the results of the reducers are damaged, or of another job"); }

  // The cells borrow from `key` and `value`.
  bool read_cells(std::string_view key, std::string_view value) {
    cells_.clear();
    if (!has_columns_) {
      cells_ = {key, value};
      return true;
    }
    for (std::size_t i = 0; i < group_parts_; ++i) {
      const std::size_t end = i + 1 == group_parts_ ? key.size() : key.find(kBetweenParts);
      if (end == std::string_view::npos) return false;
      cells_.push_back(key.substr(0, end));
      key.remove_prefix(std::min(end + 1, key.size()));
    }
    while (const auto cell = take_cell(value)) cells_.push_back(*cell);
    return value.empty() && cells_.size() == group_parts_ + run_.job->aggregate.size();
  }

  const Run run_;
  const bool has_columns_;
  const std::size_t group_parts_;
  const std::optional<std::size_t> ordered_;
  std::uint64_t left_;
  const std::unique_ptr<ResultTarget> target_;
  output::RowWriter rows_;
  bool is_begun_ = false;
  bool in_value_ = false;
  std::string text_[2];  // the key and the value of the current pair
  std::string line_;
  std::vector<std::string_view> cells_;
  std::unique_ptr<SortedLines> sorted_;
};

}  // namespace

PairOutput last_output(const Job& job) {
  const bool has_cells = needs_cells(job);
  return {.is_text = !has_cells, .has_cells = has_cells && has_named_columns(job)};
}

std::uint64_t order_memory(const Job& job) { return job.order.has_value() ? job.limits.memory_bytes / kOrderShare : 0; }

std::unique_ptr<output::ResultTarget> shaped(const Run& run, std::unique_ptr<output::ResultTarget> target) {
  if (needs_cells(*run.job)) return std::make_unique<ShapedResult>(run, std::move(target));
  if (run.job->first.has_value()) return std::make_unique<FirstLines>(*run.job->first, std::move(target));
  return target;
}

}  // namespace quern::app
