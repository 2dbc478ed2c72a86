#include "stages/shuffle/shuffle.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "model/aggregated_groups.h"
#include "model/groups.h"
#include "model/limits.h"
#include "model/pair.h"
#include "stages/shuffle/aggregate_tables.h"
#include "stages/shuffle/columns.h"
#include "stages/shuffle/grouping.h"
#include "stages/shuffle/pair_buffer.h"
#include "stages/shuffle/pair_keys.h"
#include "stages/shuffle/run_cursor.h"
#include "stages/shuffle/run_store.h"

namespace quern::shuffle {
namespace {

// The fraction of the memory that is spilled at once of aggregated pairs. The rest stays in memory.
constexpr std::uint64_t kSpilledPart = 8;
// Kept free, unless it is more than a quarter: growing tables need it, however much memory there is.
constexpr std::uint64_t kGrowthBytes = 16 * limits::kMiB;

// Sorting what is spilled needs about the same amount again.
std::uint64_t budget_of(const ShuffleOptions& options) {
  const std::uint64_t memory = options.memory_bytes;
  if (!options.aggregation.has_value()) return memory;
  return memory - std::max(memory / kSpilledPart, std::min(memory / 4, kGrowthBytes));
}

// One table of aggregated pairs, grouped.
struct GroupedTable {
  std::vector<CommittedBlock> blocks;  // what `grouped` points into
  Grouped grouped;
};

class SpillingShuffle final : public Shuffle {
 public:
  explicit SpillingShuffle(ShuffleOptions options)
      : options_(std::move(options)),
        budget_(budget_of(options_)),
        runs_({.folder = options_.scratch_folder,
               .partitions = options_.partitions,
               .threads = std::max<std::size_t>(1, options_.threads),
               .memory_bytes = options_.memory_bytes,
               .stop = options_.stop}) {
    CHECK(options_.partitions > 0 && !options_.separator.empty());
    // Without any aggregation the result already is the list of all values.
    if (!options_.aggregation.has_value() || options_.aggregation->kind == Aggregation::Kind::kList) {
      options_.aggregation.reset();
      return;
    }
    const Aggregation::Kind kind = options_.aggregation->kind;
    const bool has_columns = sorts_values(kind) && kind != Aggregation::Kind::kUnique;
    if (has_columns) columns_.emplace(*options_.aggregation, options_.aggregated_from);
    tables_.emplace(peers(), *options_.aggregation, has_columns ? &*columns_ : nullptr,
                    AggregateTables::table_count(options_.memory_bytes, options_.threads));
  }

  std::unique_ptr<BlockSink> sink() override;
  Result<void> finish() override;
  Result<std::unique_ptr<GroupSource>> groups(std::size_t partition) override;
  std::size_t spilled_runs() const override { return runs_.written(); }

 private:
  class PairSink;
  class AggregateSink;
  Result<void> spill_if_needed();
  Taken take_pairs();
  SinkPeers peers() {
    return {.splitter = {.separator = options_.separator, .partitions = options_.partitions},
            .budget = budget_,
            .events = options_.events};
  }
  Result<void> spill_taken(Taken taken);
  Result<void> finish_tables();
  Result<void> group_tables();
  Result<GroupedTable> group_taken(Taken taken, std::size_t threads) const;
  std::unique_ptr<GroupSource> plain_groups(std::size_t partition) const;
  // The tables turn lines into pairs themselves.
  std::string_view held_separator() const { return tables_.has_value() ? kBetweenInside : options_.separator; }
  GroupingOptions grouping() const {
    return {.separator = held_separator(),
            .partitions = options_.partitions,
            .threads = std::max<std::size_t>(1, options_.threads),
            .stop = options_.stop};
  }

  ShuffleOptions options_;
  Budget budget_;
  std::optional<Columns> columns_;         // if the aggregation needs them
  std::optional<AggregateTables> tables_;  // only for an aggregation, instead of the buffers
  std::mutex buffers_mutex_;               // held while sinks are made and while buffers are taken
  std::deque<PairBuffer> buffers_;
  std::mutex spill_mutex_;  // Its holder may lock buffers; a thread that holds a buffer never waits for it.
  RunStore runs_;
  std::vector<GroupedTable> grouped_;  // set if nothing was spilled: one, or one for each table
};

class SpillingShuffle::PairSink final : public BlockSink {
 public:
  PairSink(PairBuffer& buffer, SpillingShuffle& shuffle) : buffer_(buffer), shuffle_(shuffle) {}
  Result<void> commit(BlockOutput output) override {
    TRY(buffer_.add(std::move(output)));
    return shuffle_.spill_if_needed();
  }

 private:
  PairBuffer& buffer_;
  SpillingShuffle& shuffle_;
};

class SpillingShuffle::AggregateSink final : public BlockSink {
 public:
  explicit AggregateSink(SpillingShuffle& shuffle) : shuffle_(shuffle) {}
  Result<void> commit(BlockOutput output) override {
    TRY(shuffle_.tables_->add(std::move(output), scatter_));
    return shuffle_.spill_if_needed();
  }

 private:
  SpillingShuffle& shuffle_;
  Scatter scatter_;
};

std::unique_ptr<BlockSink> SpillingShuffle::sink() {
  if (tables_.has_value()) return std::make_unique<AggregateSink>(*this);
  std::lock_guard lock(buffers_mutex_);
  return std::make_unique<PairSink>(buffers_.emplace_back(peers()), *this);
}

// The first sink that notices spills what all sinks hold, or part of it if pairs are aggregated. The others wait, then
// find that there is room again.
Result<void> SpillingShuffle::spill_if_needed() {
  if (!budget_.is_exceeded()) return {};
  std::lock_guard lock(spill_mutex_);
  if (!budget_.is_exceeded()) return {};
  if (!tables_.has_value()) return spill_taken(take_pairs());
  TRY_ASSIGN(Taken taken, tables_->take(options_.memory_bytes / kSpilledPart));
  return spill_taken(std::move(taken));
}

Result<void> SpillingShuffle::spill_taken(Taken taken) {
  std::uint64_t bytes = taken.budget_bytes;
  std::uint64_t pairs = taken.pairs;
  if (pairs > 0) TRY(runs_.add(spill(std::move(taken), grouping(), runs_.run_options())));
  budget_.give_back(bytes, pairs);
  return {};
}

Taken SpillingShuffle::take_pairs() {
  std::lock_guard lock(buffers_mutex_);
  Taken all;
  for (PairBuffer& buffer : buffers_) all.append(buffer.take());
  return all;
}

Result<void> SpillingShuffle::finish() {
  if (options_.stop.stop_requested()) return stopped();
  if (tables_.has_value()) return finish_tables();
  Taken taken = take_pairs();
  buffers_.clear();
  if (runs_.written() == 0) {
    TRY_ASSIGN(GroupedTable grouped, group_taken(std::move(taken), grouping().threads));
    grouped_.push_back(std::move(grouped));
    return {};
  }
  // Spills the rest too, so that the memory is free for merging.
  if (!taken.blocks.empty()) TRY(spill_taken(std::move(taken)));
  return runs_.narrow();
}

Result<void> SpillingShuffle::finish_tables() {
  if (runs_.written() == 0) return group_tables();
  // Spills the rest too, so that the memory is free for merging; one table at a time, as sorting needs memory.
  for (std::size_t i = 0; i < tables_->size(); ++i) {
    TRY_ASSIGN(Taken taken, tables_->take_table(i));
    TRY(spill_taken(std::move(taken)));
  }
  return runs_.narrow();
}

Result<void> SpillingShuffle::group_tables() {
  std::vector<std::optional<Result<GroupedTable>>> grouped(tables_->size());
  TRY(run_workers(options_.threads, grouped.size(), options_.stop, [&](std::size_t i) {
    auto taken = options_.aggregated_to == AggregatedTo::kResult ? tables_->take_counted(i) : tables_->take_table(i);
    grouped[i].emplace(taken.ok() ? group_taken(std::move(taken).value(), 1) : std::move(taken).error());
  }));
  for (auto& table : grouped) {
    TRY_ASSIGN(GroupedTable good, std::move(*table));
    grouped_.push_back(std::move(good));
  }
  return {};
}

Result<GroupedTable> SpillingShuffle::group_taken(Taken taken, std::size_t threads) const {
  GroupingOptions options = grouping();
  options.threads = threads;
  TRY_ASSIGN(Grouped grouped, group(taken, options));
  return GroupedTable{.blocks = std::move(taken.blocks), .grouped = std::move(grouped)};
}

std::unique_ptr<GroupSource> SpillingShuffle::plain_groups(std::size_t partition) const {
  if (runs_.written() > 0) return make_merged_groups(runs_.runs(), partition, options_.stop);
  if (grouped_.size() == 1) {
    return std::make_unique<MemoryGroups>(grouped_.front().grouped, held_separator(), partition);
  }
  std::deque<MemoryGroups> tables;
  for (const GroupedTable& table : grouped_) tables.emplace_back(table.grouped, held_separator(), partition);
  return std::make_unique<MergedGroups<MemoryGroups>>(std::move(tables));
}

Result<std::unique_ptr<GroupSource>> SpillingShuffle::groups(std::size_t partition) {
  CHECK(partition < options_.partitions);
  std::unique_ptr<GroupSource> plain = plain_groups(partition);
  if (!options_.aggregation.has_value()) return plain;
  if (columns_.has_value())
    return make_column_groups(std::move(plain), *columns_, options_.aggregated_to, options_.events);
  if (options_.aggregation->kind == Aggregation::Kind::kUnique) return make_distinct_groups(std::move(plain));
  return make_aggregated_groups(std::move(plain), *options_.aggregation, AggregatedFrom::kStates,
                                options_.aggregated_to, options_.events);
}

}  // namespace

std::unique_ptr<Shuffle> Shuffle::make(ShuffleOptions options) {
  return std::make_unique<SpillingShuffle>(std::move(options));
}

}  // namespace quern::shuffle
