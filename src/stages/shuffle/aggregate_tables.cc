#include "stages/shuffle/aggregate_tables.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <tuple>
#include <utility>

namespace quern::shuffle {
namespace {

constexpr std::size_t kFewestTables = 8;
constexpr std::size_t kMostTables = 64;
constexpr std::size_t kTablesPerThread = 2;
// Of a table's two arrays the last huge page is half empty.
constexpr std::uint64_t kBytesPerTable = 8 * kHugePageBytes;

std::size_t table_count(std::uint64_t memory_bytes, std::size_t threads) {
  std::size_t wanted = std::clamp(kTablesPerThread * threads, kFewestTables, kMostTables);
  return std::bit_floor(std::clamp<std::uint64_t>(memory_bytes / kBytesPerTable, 1, wanted));
}

}  // namespace

AggregateTables::AggregateTables(const SinkPeers& peers, Aggregation aggregation, std::uint64_t memory_bytes,
                                 std::size_t threads)
    : peers_(peers), aggregation_(aggregation) {
  for (std::size_t i = 0; i < table_count(memory_bytes, threads); ++i) {
    tables_.push_back(std::make_unique<Table>(peers_, aggregation_));
  }
}

Result<void> AggregateTables::Table::move_to(Taken& taken) {
  std::lock_guard lock(mutex);
  was_taken = true;
  return states.seal(kSettled, taken);
}

Result<void> AggregateTables::add(std::string_view lines, Scatter& scatter) {
  scatter.pairs.clear();
  split_pairs(lines, peers_.splitter, aggregation_, scatter.pairs);
  return deal(scatter.pairs, scatter, &AggregateTable::add);
}

Result<void> AggregateTables::absorb(AggregateTable& other, Scatter& scatter) {
  return deal(other.entries(), scatter, &AggregateTable::absorb);
}

Result<void> AggregateTables::deal(std::span<const Entry> entries, Scatter& scatter, Fill fill) {
  // A table finds its slots by the upper bits.
  const std::uint32_t mask = static_cast<std::uint32_t>(tables_.size()) - 1;
  scatter.ends.assign(tables_.size(), 0);
  for (const Entry& entry : entries) ++scatter.ends[entry.hash & mask];
  std::uint32_t begin = 0;
  for (std::uint32_t& end : scatter.ends) begin += std::exchange(end, begin);
  scatter.arranged.resize(entries.size());
  for (const Entry& entry : entries) scatter.arranged[scatter.ends[entry.hash & mask]++] = entry;
  std::size_t first = 0;
  for (std::size_t number = 0; number < tables_.size(); first = scatter.ends[number++]) {
    auto share = std::span<const Entry>(scatter.arranged).subspan(first, scatter.ends[number] - first);
    if (share.empty()) continue;
    std::lock_guard lock(tables_[number]->mutex);
    TRY((tables_[number]->states.*fill)(share));
  }
  return {};
}

Result<void> AggregateTables::take(std::uint64_t wanted_bytes, Taken& taken) {
  struct Candidate {
    bool is_new;
    std::uint64_t bytes;
    Table* table;
  };
  std::vector<Candidate> candidates;
  for (auto& table : tables_) {
    std::lock_guard lock(table->mutex);
    candidates.push_back({!table->was_taken, table->states.counted_bytes(), table.get()});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tuple(a.is_new, b.bytes) < std::tuple(b.is_new, a.bytes);
  });
  const std::uint64_t bytes_before = taken.budget_bytes;
  for (const Candidate& candidate : candidates) {
    if (taken.budget_bytes - bytes_before >= wanted_bytes) break;
    TRY(candidate.table->move_to(taken));
  }
  return {};
}

Result<Taken> AggregateTables::take_table(std::size_t number) {
  Taken taken;
  TRY(tables_[number]->move_to(taken));
  return taken;
}

}  // namespace quern::shuffle
