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
  if (output.last_input != output.address.input) fate = InputFates::Fate::kDecoded;
  if (fate == InputFates::Fate::kFailed) return {};
  for (Buffer& lines : output.lines) {
    if (!lines.empty() && lines.view().back() != '\n') lines.push_back('\n');
  }
  if (fate == InputFates::Fate::kDecoded) return add_lines(main_table(), output.lines);
  keep(std::move(output));
  return {};
}

AggregateTable& AggregateShelf::main_table() {
  if (table_ == nullptr) table_ = make_table();
  return *table_;
}

std::unique_ptr<AggregateTable> AggregateShelf::make_table() const {
  return std::make_unique<AggregateTable>(peers_.splitter, aggregation_, peers_.budget);
}

Result<void> AggregateShelf::add_lines(AggregateTable& table, std::vector<Buffer>& lines) const {
  for (const Buffer& chunk : lines) TRY(table.add(chunk.view()));
  return {};
}

// Takes what belongs to inputs whose fate has become known.
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
  if (open.table != nullptr) {
    if (table_ == nullptr || table_->empty()) {
      table_ = std::move(open.table);
    } else {
      TRY(table_->absorb(*open.table));
    }
  }
  return add_lines(main_table(), open.lines);
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

void AggregateShelf::tabulate(Open& open) const {
  if (open.table == nullptr) open.table = make_table();
  Result<void> added = open.error.has_value() ? Result<void>() : add_lines(*open.table, open.lines);
  if (!added.ok()) open.error = std::move(added).error();
  drop_lines(open);
}

Result<Taken> AggregateShelf::take() {
  TRY(settle());
  Taken taken;
  if (table_ != nullptr) TRY(table_->seal(kSettled, taken));
  for (Open& open : open_) {
    tabulate(open);
    TRY(open.table->seal({.input = open.input, .number = 0}, taken));
  }
  std::erase_if(open_, [](const Open& open) { return !open.error.has_value(); });
  return taken;
}

std::unique_ptr<BlockSink> make_aggregate_sink(AggregateShelf& shelf, const SinkPeers& peers) {
  return std::make_unique<AggregateSink>(shelf, peers.spiller);
}

}  // namespace quern::shuffle
