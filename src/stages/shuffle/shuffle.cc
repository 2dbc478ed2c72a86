#include "stages/shuffle/shuffle.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "model/aggregated_groups.h"
#include "stages/shuffle/aggregate_sink.h"
#include "stages/shuffle/budget.h"
#include "stages/shuffle/grouping.h"
#include "stages/shuffle/memory_groups.h"
#include "stages/shuffle/merge.h"
#include "stages/shuffle/pair_sink.h"
#include "stages/shuffle/run_store.h"
#include "stages/shuffle/spill.h"
#include "stages/shuffle/workers.h"

namespace quern::shuffle {
namespace {

// Lines of inputs that may still fail are held as they are up to this part of the memory, beyond it as a table.
constexpr std::uint64_t kHeldLinesPart = 16;

class SpillingShuffle final : public Shuffle, private Spiller {
 public:
  explicit SpillingShuffle(ShuffleOptions options)
      : options_(std::move(options)),
        budget_(options_.memory_bytes),
        runs_({.folder = options_.scratch_folder,
               .partitions = options_.partitions,
               .threads = std::max<std::size_t>(1, options_.threads),
               .memory_bytes = options_.memory_bytes}) {
    CHECK(options_.partitions > 0 && !options_.separator.empty());
    // The list of all values is what is there without any aggregation.
    bool is_list = options_.aggregation.has_value() && options_.aggregation->kind == Aggregation::Kind::kList;
    if (is_list) options_.aggregation.reset();
  }

  std::unique_ptr<BlockSink> sink() override;
  void input_decoded(InputOrdinal input) override {
    if (options_.aggregation.has_value()) fates_.set(input, InputFates::Fate::kDecoded);
  }
  void input_failed(InputOrdinal input) override {
    if (options_.aggregation.has_value()) fates_.set(input, InputFates::Fate::kFailed);
  }
  Result<void> finish(const std::set<InputOrdinal>& failed_inputs, std::stop_token stop) override;
  Result<std::unique_ptr<GroupSource>> groups(std::size_t partition) override;
  std::size_t spilled_runs() const override { return runs_.written(); }

 private:
  Result<void> spill_if_needed() override;
  Result<void> spill_all();
  Result<Taken> take_all(const std::stop_token& stop);
  Result<void> group_in_memory(Taken taken, const std::stop_token& stop);
  std::unique_ptr<GroupSource> plain_groups(std::size_t partition) const;
  GroupingOptions grouping() const {
    return {.separator = options_.separator,
            .partitions = options_.partitions,
            .threads = std::max<std::size_t>(1, options_.threads)};
  }

  ShuffleOptions options_;
  Budget budget_;
  InputFates fates_;
  std::mutex shelves_mutex_;  // while sinks are made, and while shelves are taken
  std::deque<std::unique_ptr<Shelf>> shelves_;
  std::mutex spill_mutex_;  // Who has it may lock shelves; who has a shelf never waits for it.
  RunStore runs_;
  std::set<InputOrdinal> failed_inputs_;
  std::vector<CommittedBlock> blocks_;  // what grouped_ points into
  Grouped grouped_;
};

std::unique_ptr<BlockSink> SpillingShuffle::sink() {
  SinkPeers peers{.splitter = {.separator = options_.separator, .partitions = options_.partitions},
                  .budget = budget_,
                  .spiller = *this};
  std::lock_guard lock(shelves_mutex_);
  if (!options_.aggregation.has_value()) {
    auto shelf = std::make_unique<PairShelf>(peers);
    auto sink = make_pair_sink(*shelf, peers);
    shelves_.push_back(std::move(shelf));
    return sink;
  }
  auto shelf =
      std::make_unique<AggregateShelf>(peers, *options_.aggregation, fates_, options_.memory_bytes / kHeldLinesPart);
  auto sink = make_aggregate_sink(*shelf, peers);
  shelves_.push_back(std::move(shelf));
  return sink;
}

// The first sink that notices spills what all have; the others wait, and find that there is room again.
Result<void> SpillingShuffle::spill_if_needed() {
  if (!budget_.is_exceeded()) return {};
  std::lock_guard lock(spill_mutex_);
  if (!budget_.is_exceeded()) return {};
  return spill_all();
}

Result<void> SpillingShuffle::spill_all() {
  TRY_ASSIGN(Taken taken, take_all({}));
  std::uint64_t bytes = taken.budget_bytes;
  std::uint64_t pairs = taken.pairs;
  if (pairs > 0) TRY(runs_.add(spill(std::move(taken), grouping(), runs_.run_options(), {})));
  budget_.give_back(bytes, pairs);
  return {};
}

Result<Taken> SpillingShuffle::take_all(const std::stop_token& stop) {
  std::lock_guard lock(shelves_mutex_);
  std::vector<std::optional<Result<Taken>>> taken(shelves_.size());
  TRY(run_workers(options_.threads, shelves_.size(), stop, [&](std::size_t i) {
    std::lock_guard shelf_lock(shelves_[i]->mutex);
    taken[i].emplace(shelves_[i]->take());
  }));
  Taken all;
  for (auto& one : taken) {
    if (!one->ok()) return std::move(*one).error();
    all.append(std::move(*one).value());
  }
  return all;
}

Result<void> SpillingShuffle::finish(const std::set<InputOrdinal>& failed_inputs, std::stop_token stop) {
  failed_inputs_ = failed_inputs;
  fates_.close(failed_inputs);
  TRY_ASSIGN(Taken taken, take_all(stop));
  shelves_.clear();
  std::erase_if(taken.blocks, [&](const CommittedBlock& block) { return failed_inputs.contains(block.address.input); });
  if (runs_.written() == 0) return group_in_memory(std::move(taken), stop);
  // The rest goes to disk too, so that the memory is free for merging.
  if (!taken.blocks.empty()) TRY(runs_.add(spill(std::move(taken), grouping(), runs_.run_options(), stop)));
  return runs_.narrow(failed_inputs_, stop);
}

Result<void> SpillingShuffle::group_in_memory(Taken taken, const std::stop_token& stop) {
  blocks_ = std::move(taken.blocks);
  std::sort(blocks_.begin(), blocks_.end(),
            [](const CommittedBlock& a, const CommittedBlock& b) { return a.address < b.address; });
  std::vector<BlockEntries> entries;
  entries.reserve(blocks_.size());
  for (CommittedBlock& block : blocks_) entries.push_back(std::move(block.entries));
  TRY_ASSIGN(grouped_, group(
                           entries, grouping(), [&] { taken.pieces.clear(); }, stop));
  return {};
}

std::unique_ptr<GroupSource> SpillingShuffle::plain_groups(std::size_t partition) const {
  if (runs_.written() > 0) return make_merged_groups(runs_.runs(), partition, failed_inputs_);
  return std::make_unique<MemoryGroups>(grouped_, options_.separator, partition);
}

Result<std::unique_ptr<GroupSource>> SpillingShuffle::groups(std::size_t partition) {
  CHECK(partition < options_.partitions);
  std::unique_ptr<GroupSource> plain = plain_groups(partition);
  if (!options_.aggregation.has_value()) return plain;
  return make_aggregated_groups(std::move(plain), *options_.aggregation, AggregatedFrom::kStates,
                                options_.aggregated_to);
}

}  // namespace

std::unique_ptr<Shuffle> Shuffle::make(ShuffleOptions options) {
  return std::make_unique<SpillingShuffle>(std::move(options));
}

}  // namespace quern::shuffle
