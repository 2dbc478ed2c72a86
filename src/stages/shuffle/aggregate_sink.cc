#include "stages/shuffle/aggregate_sink.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace quern::shuffle {
namespace {

class AggregateSink final : public BlockSink {
 public:
  AggregateSink(AggregateShelf& shelf, Spiller& spiller) : shelf_(shelf), spiller_(spiller) {}
  Result<void> commit(BlockOutput output) override {
    {
      std::lock_guard lock(shelf_.mutex);
      TRY(shelf_.add(std::move(output)));
    }
    return spiller_.spill_if_needed();
  }

 private:
  AggregateShelf& shelf_;
  Spiller& spiller_;
};

}  // namespace

void InputFates::set(InputOrdinal input, Fate fate) {
  auto known = known_.lock();
  if (known->fates.size() <= input) known->fates.resize(std::size_t{input} + 1, Fate::kOpen);
  known->fates[input] = fate;
}

void InputFates::close(const std::set<InputOrdinal>& failed_inputs) {
  auto known = known_.lock();
  known->fates.clear();
  if (!failed_inputs.empty()) known->fates.resize(std::size_t{*failed_inputs.rbegin()} + 1, Fate::kDecoded);
  for (InputOrdinal input : failed_inputs) known->fates[input] = Fate::kFailed;
  known->of_others = Fate::kDecoded;
}

InputFates::Fate InputFates::of(InputOrdinal input) {
  auto known = known_.lock();
  return input < known->fates.size() ? known->fates[input] : known->of_others;
}

Result<void> AggregateShelf::add(BlockOutput output) {
  TRY(settle());
  InputFates::Fate fate = fates_.of(output.address.input);
  // A block of several inputs has only whole and verified ones.
  if (output.last_input != output.address.input || output.is_certain) fate = InputFates::Fate::kDecoded;
  if (fate == InputFates::Fate::kFailed) return {};
  for (Buffer& lines : output.lines) {
    if (!lines.empty() && lines.view().back() != '\n') lines.push_back('\n');
  }
  if (fate == InputFates::Fate::kDecoded) return add_lines(output.lines);
  keep(std::move(output));
  return {};
}

Result<void> AggregateShelf::add_lines(const std::vector<Buffer>& lines) {
  for (const Buffer& chunk : lines) TRY(tables_.add(chunk.view(), scatter_));
  return {};
}

Result<void> AggregateShelf::settle() {
  for (auto open = open_.begin(); open != open_.end();) {
    InputFates::Fate fate = fates_.of(open->input);
    if (fate == InputFates::Fate::kOpen) {
      ++open;
      continue;
    }
    if (fate == InputFates::Fate::kDecoded) TRY(absorb(*open));
    drop_lines(*open);
    open = open_.erase(open);
  }
  return {};
}

Result<void> AggregateShelf::absorb(Open& open) {
  if (open.error.has_value()) return *open.error;
  if (open.table != nullptr) TRY(tables_.absorb(*open.table, scatter_));
  return add_lines(open.lines);
}

void AggregateShelf::drop_lines(Open& open) const {
  peers_.budget.give_back(open.lines_bytes, 0);
  open.lines_bytes = 0;
  open.lines.clear();
}

void AggregateShelf::keep(BlockOutput output) {
  auto found =
      std::find_if(open_.begin(), open_.end(), [&](const Open& open) { return open.input == output.address.input; });
  if (found == open_.end()) found = open_.insert(open_.end(), Open{.input = output.address.input});
  std::uint64_t bytes = 0;
  for (const Buffer& lines : output.lines) bytes += lines.capacity();
  found->lines_bytes += bytes;
  peers_.budget.take(bytes, 0);
  std::move(output.lines.begin(), output.lines.end(), std::back_inserter(found->lines));
  if (found->lines_bytes > held_lines_bytes_) tabulate(*found);
}

void AggregateShelf::tabulate(Open& open) {
  if (!open.error.has_value()) {
    auto added = add_to_own_table(open);
    if (!added.ok()) open.error = std::move(added).error();
  }
  drop_lines(open);
}

Result<void> AggregateShelf::add_to_own_table(Open& open) {
  const Aggregation& aggregation = tables_.aggregation();
  if (open.table == nullptr) {
    open.table = std::make_unique<AggregateTable>(peers_.splitter, aggregation, peers_.budget);
  }
  for (const Buffer& chunk : open.lines) {
    scatter_.pairs.clear();
    split_pairs(chunk.view(), peers_.splitter, aggregation, scatter_.pairs);
    TRY(open.table->add(scatter_.pairs));
  }
  return {};
}

Result<Taken> AggregateShelf::take() {
  Taken taken;
  for (Open& open : open_) {
    tabulate(open);
    if (open.table != nullptr) TRY(open.table->seal({.input = open.input, .number = 0}, taken));
  }
  std::erase_if(open_, [](const Open& open) { return !open.error.has_value(); });
  return taken;
}

std::unique_ptr<BlockSink> make_aggregate_sink(AggregateShelf& shelf, const SinkPeers& peers) {
  return std::make_unique<AggregateSink>(shelf, peers.spiller);
}

}  // namespace quern::shuffle
