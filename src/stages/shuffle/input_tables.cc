#include "stages/shuffle/input_tables.h"

#include <mutex>
#include <utility>

namespace quern::shuffle {
namespace {

// The address of pairs whose inputs are certain to count.
constexpr BlockAddress kSettled = {.input = 0xffffffff, .number = 0};

Result<void> add_all(const std::vector<Buffer>& lines, AggregateTables& tables, Scatter& scatter) {
  for (const Buffer& chunk : lines) TRY(tables.add(chunk.view(), scatter));
  return {};
}

}  // namespace

void InputFates::set(InputOrdinal input, Fate fate) {
  auto known = known_.lock();
  if (known->fates.size() <= input) known->fates.resize(std::size_t{input} + 1, Fate::kOpen);
  known->fates[input] = fate;
  ++changes_;
}

void InputFates::close(const std::set<InputOrdinal>& failed_inputs) {
  auto known = known_.lock();
  known->fates.clear();
  if (!failed_inputs.empty()) known->fates.resize(std::size_t{*failed_inputs.rbegin()} + 1, Fate::kDecoded);
  for (InputOrdinal input : failed_inputs) known->fates[input] = Fate::kFailed;
  known->of_others = Fate::kDecoded;
  ++changes_;
}

InputFates::Fate InputFates::of(InputOrdinal input) {
  auto known = known_.lock();
  return input < known->fates.size() ? known->fates[input] : known->of_others;
}

InputTables::InputTables(const SinkPeers& peers, Aggregation aggregation, Options options)
    : peers_(peers),
      aggregation_(aggregation),
      options_(std::move(options)),
      shared_(peers_, aggregation_, AggregateTables::table_count(options_.memory_bytes, options_.threads), kSettled) {}

Result<void> InputTables::add(const std::vector<Buffer>& lines, Scatter& scatter) {
  return add_all(lines, shared_, scatter);
}

Result<void> InputTables::add_open(InputOrdinal input, const std::vector<Buffer>& lines, Scatter& scatter) {
  std::shared_ptr<Open> its = open(input);
  std::shared_lock lock(its->mutex);
  if (its->tables == nullptr) {
    return fates_.of(input) == InputFates::Fate::kDecoded ? add(lines, scatter) : Result<void>();
  }
  return add_all(lines, *its->tables, scatter);
}

std::shared_ptr<InputTables::Open> InputTables::open(InputOrdinal input) {
  auto opens = opens_.lock();
  std::shared_ptr<Open>& open = (*opens)[input];
  if (open == nullptr) {
    open = std::make_shared<Open>();
    open->tables = std::make_unique<AggregateTables>(peers_, aggregation_, shared_.size(),
                                                     BlockAddress{.input = input, .number = 0});
  }
  return open;
}

Result<void> InputTables::settle() {
  Opens known;
  {
    auto opens = opens_.lock();
    for (auto open = opens->begin(); open != opens->end();) {
      auto next = std::next(open);
      if (fates_.of(open->first) != InputFates::Fate::kOpen) known.insert(opens->extract(open));
      open = next;
    }
  }
  for (auto& [input, open] : known) TRY(settle(input, *open));
  return {};
}

Result<void> InputTables::settle(InputOrdinal input, Open& open) {
  std::lock_guard lock(open.mutex);
  auto tables = std::move(open.tables);
  if (fates_.of(input) == InputFates::Fate::kFailed) return {};
  return shared_.absorb(std::move(tables), options_.stop);
}

Result<void> InputTables::take(std::uint64_t wanted_bytes, Taken& taken) {
  auto opens = opens_.lock();
  std::vector<AggregateTables*> all = {&shared_};
  for (auto& [input, open] : *opens) all.push_back(open->tables.get());
  return AggregateTables::take(all, wanted_bytes, taken);
}

}  // namespace quern::shuffle
