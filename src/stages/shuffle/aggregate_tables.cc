#include "stages/shuffle/aggregate_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "model/column_value.h"
#include "model/pair.h"
#include "stages/shuffle/pair_keys.h"

namespace quern::shuffle {
namespace {

// A table that grows holds its slots twice for a while. The fewer tables there are, the more memory that takes.
constexpr std::size_t kFewestTables = 16;
constexpr std::size_t kMostTables = 64;
constexpr std::size_t kTablesPerThread = 2;
constexpr std::uint64_t kBytesPerTable = 4 * kHugePageBytes;

// The entries, which columns have one of for each value, and their copies by table stay in the processor's caches.
constexpr std::size_t kPairsAtOnce = 16 * 1024;
// The slots of a table are visited region by region, so that the processor looks up the addresses of fewer pages.
constexpr unsigned kRegionBits = 6;

// Replaces the entries of the pairs by those of their pair keys.
void make_pair_keys(Scatter& scatter, const EntryReader& reader) {
  scatter.pair_keys.clear();
  for (const Entry& pair : scatter.pairs) scatter.pair_keys.append(reader.key(pair), {reader.value(pair)}, "");
  scatter.pair_keys.list(scatter.pairs);
}

}  // namespace

std::size_t AggregateTables::table_count(std::uint64_t memory_bytes, std::size_t threads) {
  std::size_t wanted = std::clamp(kTablesPerThread * threads, kFewestTables, kMostTables);
  return std::bit_floor(std::clamp<std::uint64_t>(memory_bytes / kBytesPerTable, 1, wanted));
}

AggregateTables::AggregateTables(const SinkPeers& peers, const Aggregation& aggregation, const Columns* columns,
                                 std::size_t count)
    : peers_(peers), aggregation_(aggregation), columns_(columns) {
  for (std::size_t i = 0; i < count; ++i) {
    auto& table = tables_.emplace_back(std::make_unique<Table>());
    table->states = std::make_unique<AggregateTable>(aggregation_, columns_, peers_.splitter.partitions, peers_.budget);
  }
}

Result<void> AggregateTables::add(BlockOutput output, Scatter& scatter) {
  scatter.address = output.address;
  scatter.last_input = output.last_input;
  scatter.taken = 0;
  for (Buffer& lines : output.lines) {
    if (!lines.empty() && lines.view().back() != '\n') lines.push_back('\n');
    TRY(add_lines(lines.view(), scatter));
  }
  return {};
}

Result<void> AggregateTables::add_lines(std::string_view lines, Scatter& scatter) {
  const std::size_t columns = columns_ == nullptr ? 1 : columns_->count();
  const Splitter splitter{.separator = peers_.splitter.separator, .most_entries = kPairsAtOnce / columns};
  while (!lines.empty()) {
    scatter.pairs.clear();
    lines = splitter.split(lines, scatter.pairs, scatter.ends);
    TRY(add_pairs(scatter));
  }
  return {};
}

Result<void> AggregateTables::add_pairs(Scatter& scatter) {
  EntryReader reader(peers_.splitter.separator);
  if (columns_ != nullptr) TRY(make_columns(scatter, reader));
  if (aggregation_.kind == Aggregation::Kind::kUnique) make_pair_keys(scatter, reader);
  if (sorts_values(aggregation_.kind)) reader = EntryReader(kBetweenInside);
  // The lower bits of a hash select the table, and the upper ones the slot there.
  const std::uint32_t mask = static_cast<std::uint32_t>(tables_.size()) - 1;
  auto place_of = [mask](const Entry& entry) {
    return (entry.hash & mask) << kRegionBits | entry.hash >> (32 - kRegionBits);
  };
  scatter.ends.assign(tables_.size() << kRegionBits, 0);
  for (const Entry& entry : scatter.pairs) ++scatter.ends[place_of(entry)];
  std::uint32_t begin = 0;
  for (std::uint32_t& end : scatter.ends) begin += std::exchange(end, begin);
  scatter.arranged.resize(scatter.pairs.size());
  for (const Entry& entry : scatter.pairs) scatter.arranged[scatter.ends[place_of(entry)]++] = entry;
  std::size_t first = 0;
  for (std::size_t number = 0; number < tables_.size(); ++number) {
    const std::size_t last = scatter.ends[((number + 1) << kRegionBits) - 1];
    auto share = std::span<const Entry>(scatter.arranged).subspan(first, last - first);
    first = last;
    if (share.empty()) continue;
    std::vector<Entry> refused;
    {
      std::lock_guard lock(tables_[number]->mutex);
      TRY(tables_[number]->states->add(share, reader));
      refused = tables_[number]->states->take_refused();
    }
    for (const Entry& entry : refused) {
      const std::string_view key = reader.key(entry);
      const std::string_view value = reader.value(entry);
      const std::string_view between = peers_.splitter.separator;
      report(shown_pair(key, value), not_a_number(aggregation_, key, value, between == kBetweenInside ? "" : between),
             scatter);
    }
  }
  return {};
}

// Columns refuse values here, and not in their tables.
Result<void> AggregateTables::make_columns(Scatter& scatter, const EntryReader& reader) const {
  scatter.pair_keys.clear();
  scatter.groups.begin(scatter.pairs.size(), columns_->count());
  std::string position;
  for (const Entry& pair : scatter.pairs) {
    GroupStates::Group& group = scatter.groups.of(reader.key(pair), pair.hash);
    std::string_view values = reader.value(pair);
    do {
      const std::string_view value = columns_->take_value(values);
      position.clear();
      if (columns_->has_positions()) {
        append_position(scatter.address.input, scatter.address.number, scatter.taken++, position);
      }
      const std::string problem = columns_->add(group, value, position, scatter.pair_keys);
      if (!problem.empty()) TRY(refuse_value(group.key, value, problem, scatter));
    } while (!values.empty());
  }
  for (const GroupStates::Group& group : scatter.groups.groups()) columns_->append_states(group, scatter.pair_keys);
  scatter.pair_keys.list(scatter.pairs);
  return {};
}

Result<void> AggregateTables::refuse_value(std::string_view group, std::string_view value, std::string_view problem,
                                           const Scatter& scatter) const {
  if (columns_->are_terms()) {
    return bad_input(fmt::format("a part is damaged: for the key {} it has {}, and {}", in_quotes(shown_group(group)),
                                 in_quotes(value), problem));
  }
  report(shown_pair(shown_group(group), value), problem, scatter);
  return {};
}

std::string AggregateTables::shown_pair(std::string_view key, std::string_view value) const {
  // A message is one line, whatever separates key and value internally.
  return fmt::format("{}{}{}", key, peers_.splitter.separator == kBetweenInside ? " " : peers_.splitter.separator,
                     value);
}

void AggregateTables::report(std::string record, std::string_view reason, const Scatter& scatter) const {
  if (peers_.events == nullptr) return;
  std::string others;
  if (scatter.last_input > scatter.address.input) {
    others = fmt::format(" or one of the {} after it", scatter.last_input - scatter.address.input);
  }
  peers_.events->emit(
      event::RecordBad{.input = scatter.address.input,
                       .line = 0,
                       .record = std::move(record),
                       .reason = fmt::format("in what was written for this input{}: {}", others, reason),
                       .details = ""});
}

Result<Taken> AggregateTables::take(std::uint64_t wanted_bytes) {
  struct Candidate {
    bool is_new;
    std::uint64_t bytes;
    Table* table;
  };
  std::vector<Candidate> candidates;
  for (auto& table : tables_) {
    std::lock_guard lock(table->mutex);
    candidates.push_back({!table->was_taken, table->states->counted_bytes(), table.get()});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tuple(a.is_new, b.bytes) < std::tuple(b.is_new, a.bytes);
  });
  Taken taken;
  for (const Candidate& candidate : candidates) {
    if (taken.budget_bytes >= wanted_bytes) break;
    TRY(move_to(taken, *candidate.table));
  }
  return taken;
}

Result<void> AggregateTables::move_to(Taken& taken, Table& table) {
  std::lock_guard lock(table.mutex);
  table.was_taken = true;
  return table.states->seal(taken);
}

Result<Taken> AggregateTables::take_counted(std::size_t number) {
  Taken taken;
  std::lock_guard lock(tables_[number]->mutex);
  TRY(tables_[number]->states->seal_counted(taken));
  return taken;
}

Result<Taken> AggregateTables::take_table(std::size_t number) {
  Taken taken;
  TRY(move_to(taken, *tables_[number]));
  return taken;
}

}  // namespace quern::shuffle
